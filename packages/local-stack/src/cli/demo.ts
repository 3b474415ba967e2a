import { resolve } from 'node:path'
import { Command } from 'commander'
import colour from 'picocolors'
import { namedStack } from '../access/running-stack.ts'
import { buildStory } from '../demo/story.ts'
import { type DemoReport, tellStory } from '../demo/tell.ts'
import type { Trust } from '../parts.ts'
import { printProgress } from '../progress/print-progress.ts'
import { readSettings } from '../settings.ts'
import { StackError } from '../stack-error.ts'
import type { StackFile } from '../stack-file.ts'
import { stackFolderAt } from '../stack-folder.ts'
import { readStatus } from '../stack-status.ts'
import { startStack } from '../start-stack.ts'
import { trustAuthority } from '../tls/trust-authority.ts'
import {
  activeDirectoryOption,
  corporateIdpOption,
  type DevFlags,
  directoryOption,
  issuerOption,
  trustOf,
} from './dev-command.ts'
import { runCommand } from './run-command.ts'
import { exitCodeOf, stopSignals } from './stop-signals.ts'
import { wholeNumber } from './whole-number.ts'

/** What `pnpm demo` was asked for. */
interface DemoFlags extends Pick<DevFlags, 'corporateIdp' | 'issuer' | 'activeDirectory' | 'directory'> {
  json?: boolean
  rounds: number
  stack?: string
}

const maximumRounds = 1000

/** The command line of `pnpm demo`; its action gets flags that were checked. */
export function demoCommand(run: (flags: DemoFlags) => Promise<void>): Command {
  return new Command('pnpm demo')
    .description(
      'Tells the whole story without a screen: sign-in, tools, refusals, the audit line, and alice disabled. Uses the running stack, or starts one and stops it again. Exit code 1 at the first step that does not do what it says.',
    )
    .option('--json', 'print one JSON document instead of lines')
    .option(
      '--rounds <number>',
      'then disable alice this many times more and print how long each took',
      wholeNumber(0, maximumRounds),
      0,
    )
    .option('--stack <file>', 'the stack.json of a stack that runs elsewhere, such as in containers')
    .addOption(corporateIdpOption())
    .addOption(issuerOption())
    .addOption(activeDirectoryOption())
    .addOption(directoryOption())
    .allowExcessArguments(false)
    .showHelpAfterError('See pnpm demo --help.')
    .action(run)
}

if (import.meta.main) await runCommand(demoCommand(runDemo), 1)

async function runDemo(flags: DemoFlags): Promise<void> {
  const { json = false, rounds, stack: stackFile } = flags
  const { signal } = stopSignals()
  // With --json only the document goes to standard output; what a person follows goes to standard error.
  const told = json ? process.stderr : process.stdout
  const stack =
    stackFile === undefined
      ? await runningOrOwnStack(flags, told, signal)
      : { file: namedStack(stackFile), stop: () => Promise.resolve() }
  try {
    trustAuthority(stack.file.authorityFile)
    const report = await tellStory(buildStory(stack.file), { disableRounds: rounds, signal }, (line) =>
      told.write(`${line}\n`),
    )
    if (json) console.log(JSON.stringify(report, undefined, 2))
    else told.write(`${summary(report)}\n`)
    process.exitCode = report.ok ? 0 : signal.aborted ? exitCodeOf(signal) : 1
  } finally {
    await stack.stop()
  }
}

async function runningOrOwnStack(
  flags: DemoFlags,
  told: NodeJS.WriteStream,
  signal: AbortSignal,
): Promise<{ file: StackFile; stop(): Promise<void> }> {
  const directory = resolve(flags.directory)
  const status = readStatus(stackFolderAt(directory))
  if (status.outcome === 'ready') refuseOtherDialect(flags, status.file)
  if (status.outcome === 'ready') return { file: status.file, stop: () => Promise.resolve() }
  if (status.outcome === 'starting') {
    throw new StackError('the stack is still starting', { nextStep: 'Wait until pnpm dev --status says it is ready.' })
  }
  told.write('No stack runs here: starting one for this demonstration.\n')
  const printer = printProgress(told)
  try {
    return await startStack({
      settings: readSettings(process.env),
      directory,
      trust: trustOf(flags),
      tell: printer.tell,
      signal,
    })
  } finally {
    printer.end()
  }
}

/** A story told in another dialect than the one that was asked for would prove the wrong thing. */
function refuseOtherDialect(flags: DemoFlags, { trust }: StackFile): void {
  if (flags.corporateIdp === undefined && flags.issuer === undefined && !flags.activeDirectory) return
  const wanted = trustOf(flags)
  if (describeTrust(wanted) === describeTrust(trust)) return
  throw new StackError(`a stack runs here already, as ${describeTrust(trust)}`, {
    nextStep: 'Stop it with pnpm dev --stop, or leave the option out to tell the story of the running one.',
  })
}

function describeTrust({ provider, issuer, protocol = 'oidc', directory }: Trust): string {
  if (directory !== undefined) return `${directory} with ${issuer} as the issuer`
  const way = protocol === 'saml' ? ' over SAML' : ''
  return `${provider}${way} with ${issuer} as the issuer`
}

function summary({ ok, steps }: DemoReport): string {
  const done = steps.filter((step) => step.ok).length
  return ok
    ? colour.green(`The story holds: ${done} of ${done} steps.`)
    : colour.red(`The story stops after ${done} steps.`)
}
