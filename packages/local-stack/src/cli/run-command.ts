import type { Command } from 'commander'
import colour from 'picocolors'
import { describeError } from '../stack-error.ts'

/** Runs a command line; what a person can mend is told in a few lines, and the exit code is then 2. */
export async function runCommand(command: Command): Promise<void> {
  const [node = '', script = '', ...args] = process.argv
  try {
    // `pnpm access:review -- --json` hands the two dashes on.
    await command.parseAsync([node, script, ...(args[0] === '--' ? args.slice(1) : args)])
  } catch (error) {
    process.stderr.write(`\n${colour.red(describeError(error))}\n`)
    process.exitCode = 2
  }
}
