import { Command } from 'commander'
import { type DirectoryPerson, readDirectory } from '../access/directory-people.ts'
import { type LeaverAnswer, openReviewClient } from '../access/review-client.ts'
import { runningStack, runningStackOption } from '../access/running-stack.ts'
import { describeLeaver } from '../access/tell-review.ts'
import { openPersonSession, SignInRefusedError } from '../demo/mcp-session.ts'
import type { StackFile } from '../stack-file.ts'
import { runCommand } from './run-command.ts'

/** What `pnpm access:leaver` was asked for. */
interface LeaverFlags {
  as?: string
  directory: string
  json?: boolean
}

/** The command line of `pnpm access:leaver`. */
export function accessLeaverCommand(): Command {
  return new Command('pnpm access:leaver')
    .description(
      'What somebody did in the last 30 days, what still refers to her, and whether anything still works: her account, sessions, cut-off and refusals are asked now, and a sign-in is tried where the stack knows her password. Exit code 0 when nothing works any more, 1 when something does.',
    )
    .argument('<person>', 'user name, e-mail address or subject')
    .option('--as <user name>', 'who asks; default: the first directory administrator of the stack')
    .addOption(runningStackOption())
    .option('--json', 'print one JSON document instead of lines')
    .showHelpAfterError('See pnpm access:leaver --help.')
    .allowExcessArguments(false)
    .action(report)
}

if (import.meta.main) await runCommand(accessLeaverCommand())

type Check = LeaverAnswer['checks'][number]

async function report(person: string, { as, directory, json = false }: LeaverFlags): Promise<void> {
  const stack = runningStack(directory)
  const found = await (await openReviewClient(stack, as)).leaver(person)
  const { username } = found.person
  const checks = [
    ...(await directoryChecks(stack, username)),
    ...(await signInChecks(stack, username)),
    ...found.checks,
  ]
  const whole = { ...found, checks, nothingWorks: checks.every(({ isRight }) => isRight) }
  console.log(json ? JSON.stringify(whole, undefined, 2) : describeLeaver(whole))
  process.exitCode = whole.nothingWorks ? 0 : 1
}

/** The directory of the company is where leaving begins. */
async function directoryChecks(stack: StackFile, username: string): Promise<Check[]> {
  const { active, signals = [] } = await readDirectory<DirectoryPerson>(
    stack,
    `/people/${encodeURIComponent(username)}`,
  )
  const waiting = signals.map(({ signal }) => signal)
  return [
    {
      check: 'the company directory has disabled the account',
      isRight: !active,
      found: active ? 'active' : 'disabled',
    },
    {
      check: 'everybody was told',
      isRight: waiting.length === 0,
      found: waiting.length === 0 ? 'no signal waits' : `${waiting.join(', ')} still to be sent`,
    },
  ]
}

/** Development only: the stack knows its people's passwords. */
async function signInChecks(stack: StackFile, username: string): Promise<Check[]> {
  const account = stack.accounts.find((one) => one.username === username)
  if (account === undefined) return []
  const session = openPersonSession({
    resource: stack.urls.mcp,
    clientId: stack.clients.cli.clientId,
    person: account,
  })
  const check = 'a sign-in with the right password is refused'
  try {
    await session.callTool('whoami')
    return [{ check, isRight: false, found: 'the sign-in succeeded' }]
  } catch (error) {
    if (error instanceof SignInRefusedError) return [{ check, isRight: true, found: `refused with ${error.status}` }]
    throw error
  } finally {
    await session.close()
  }
}
