import { type Command, CommanderError } from 'commander'
import colour from 'picocolors'
import { describeError } from '../stack-error.ts'
import { exitCodeOfStopped } from './stop-signals.ts'

/**
 * Runs a command line. What a person can mend is told in a few lines, and a flag that is wrong in one that says where help
 * is; the exit code is then 2.
 *
 * @param failed The exit code where the work itself failed. Default 2.
 */
export async function runCommand(command: Command, failed: 1 | 2 = 2): Promise<void> {
  const [node = '', script = '', ...args] = process.argv
  for (const each of [command, ...command.commands]) each.exitOverride()
  try {
    // `pnpm access:review -- --json` hands the two dashes on.
    await command.parseAsync([node, script, ...(args[0] === '--' ? args.slice(1) : args)])
  } catch (error) {
    if (error instanceof CommanderError) {
      // It has said by itself what is wrong with a flag.
      process.exitCode = error.exitCode === 0 ? 0 : 2
      return
    }
    process.exitCode = exitCodeOfStopped(error)
    if (process.exitCode !== undefined) return void process.stderr.write('\nStopped before the end.\n')
    process.stderr.write(`\n${colour.red(describeError(error))}\n`)
    process.exitCode = failed
  }
}
