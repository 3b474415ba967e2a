import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { runCommand } from '../src/cli/run-command.ts'
import { wholeNumber } from '../src/cli/whole-number.ts'
import { openPersonSession } from '../src/demo/mcp-session.ts'
import { readRunRecord } from '../src/process/run-record.ts'
import { StackError } from '../src/stack-error.ts'
import { readStackFile, type StackFile } from '../src/stack-file.ts'
import { findWorkspaceRoot, stackFolderAt } from '../src/stack-folder.ts'
import { cpuMsOf } from './processor-time.ts'

const signInsForWarmUp = 10
const refreshesForWarmUp = 500
const sessions = 8
/** Of each replica, see `pollKeycloakEvents`. */
const looksPerSecond = 4

/** What Keycloak's processes spent on one thing, so far as it is done by Keycloak. */
interface Cost {
  what: string
  count: number
  cpuMs: number
  perSecond: number
}

const command = new Command('pnpm bench:keycloak')
  .description(
    'Measures at the running stack what a sign-in through the corporate IdP, a refresh, and a look of an MCP server at its events cost Keycloak: processor time of its process for each, and how many came in a second. Looks are what it does while nobody asks for anything. Needs Linux. Keycloak of the development stack compiles with the quick compiler only, so a server needs less.',
  )
  .option('--sign-ins <number>', 'people signing in, one after another', wholeNumber(1, 1_000_000), 50)
  .option('--refreshes <number>', 'refreshes, eight at a time', wholeNumber(1, 1_000_000), 3000)
  .option('--idle <seconds>', 'how long nobody asks for anything', wholeNumber(1, 3_600), 30)
  .option('--json', 'print one JSON document')
  .showHelpAfterError('See pnpm bench:keycloak --help.')
  .action(measure)

await runCommand(command, 1)

async function measure(flags: { signIns: number; refreshes: number; idle: number; json?: boolean }): Promise<void> {
  const folder = stackFolderAt(join(findWorkspaceRoot(), '.local'))
  const stack = readStackFile(folder.stackFile)
  if (stack === undefined) throw new StackError('no stack runs here', { nextStep: 'Start it with pnpm dev --detach.' })
  const pids = readRunRecord(folder.runRecord).flatMap(({ name, pid }) => (name === 'Keycloak' ? [pid] : []))
  if (pids.length === 0)
    throw new StackError('Keycloak is no process of this stack', { nextStep: 'Start it with pnpm dev --keycloak jvm.' })

  async function costOf(what: string, count: number, work: () => Promise<void>): Promise<Cost> {
    const [cpuBefore, startedAt] = [cpuMsOf(pids), performance.now()]
    await work()
    const [cpuMs, ms] = [cpuMsOf(pids) - cpuBefore, performance.now() - startedAt]
    return { what, count, cpuMs: round(cpuMs / count), perSecond: round((count / ms) * 1000) }
  }

  await signIn(stack, signInsForWarmUp)
  const signingIn = await costOf('sign-in', flags.signIns, async () => void (await signIn(stack, flags.signIns)))
  const tokens = await signIn(stack, sessions)
  await refresh(stack, tokens, refreshesForWarmUp)
  const refreshing = await costOf('refresh', flags.refreshes, () => refresh(stack, tokens, flags.refreshes))
  const looks = flags.idle * looksPerSecond * (stack.urls.replicas?.length ?? 1)
  const looking = await costOf('look', looks, () => sleep(flags.idle * 1_000))
  const costs = [signingIn, refreshing, looking]
  const load = round(loadavg()[0] ?? 0)
  console.log(flags.json ? JSON.stringify({ load, costs }, undefined, 2) : costs.map(line).join('\n'))
}

/** Signs people in anew, each in a browser of her own, and gives their refresh tokens. */
async function signIn(stack: StackFile, count: number): Promise<string[]> {
  const refreshTokens: string[] = []
  for (let index = 0; index < count; index += 1) {
    const person = stack.accounts[index % stack.accounts.length]
    if (person === undefined) throw new TypeError('the stack has no accounts')
    const session = openPersonSession({ resource: stack.urls.mcp, clientId: stack.clients.cli.clientId, person })
    await session.callTool('whoami')
    refreshTokens.push(session.refreshToken() ?? '')
    await session.close()
  }
  return refreshTokens
}

/** Refreshes in as many chains as there are tokens; each token is used once, as rotation asks. */
async function refresh({ urls, clients }: StackFile, tokens: string[], count: number): Promise<void> {
  let left = count
  await Promise.all(
    tokens.map(async (_token, index) => {
      while (left > 0) {
        left -= 1
        const form = {
          grant_type: 'refresh_token',
          client_id: clients.cli.clientId,
          refresh_token: tokens[index] ?? '',
        }
        const endpoint = `${urls.issuer}/protocol/openid-connect/token`
        const response = await fetch(endpoint, { method: 'POST', body: new URLSearchParams(form) })
        const answer = (await response.json()) as { refresh_token?: string; error?: string }
        if (answer.refresh_token === undefined)
          throw new Error(`a refresh was answered ${response.status} ${answer.error}`)
        tokens[index] = answer.refresh_token
      }
    }),
  )
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function line({ what, count, cpuMs, perSecond }: Cost): string {
  return `${what.padEnd(8)} ${cpuMs} ms of Keycloak's processor time, ${perSecond} a second (${count} of them)`
}
