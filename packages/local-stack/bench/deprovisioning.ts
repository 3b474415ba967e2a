import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasRedisServer, startRedisServer } from '@mcp-identity/test-kit'
import { Command, Option } from 'commander'
import { trustOf } from '../src/cli/dev-command.ts'
import { runCommand } from '../src/cli/run-command.ts'
import { stopSignals } from '../src/cli/stop-signals.ts'
import { wholeNumber } from '../src/cli/whole-number.ts'
import { openPersonSession } from '../src/demo/mcp-session.ts'
import type { Door, ToolCall } from '../src/doors/door.ts'
import { doorsOf } from '../src/doors/index.ts'
import { type NodePart, nodeParts, type PartsContext } from '../src/parts.ts'
import { mostReplicas } from '../src/ports.ts'
import { type RecordedProcess, readRunRecord } from '../src/process/run-record.ts'
import { printProgress } from '../src/progress/print-progress.ts'
import { type Replica, replicateMcpServer } from '../src/replicas.ts'
import { readSettings } from '../src/settings.ts'
import { StackError } from '../src/stack-error.ts'
import type { StackFile } from '../src/stack-file.ts'
import { startStack } from '../src/start-stack.ts'
import { disableMany, type ManyDisabledOptions } from './disable-many.ts'
import { distributionOf } from './distribution.ts'
import { type Load, type LoadResult, startLoad } from './load.ts'
import { isUnharmed, linesOfMany, type ManySummary, summarizeMany } from './many-summary.ts'
import { type PolledTransmitter, startPolledTransmitter } from './polled-transmitter.ts'
import { callerOf, type ReplicaCaller } from './replica-calls.ts'
import { watchRefusals } from './watch-refusals.ts'

/** The longest time from the answer to who ended the access until a replica refuses, in milliseconds. */
const boundMs = 1_000
const giveUpAfterMs = 5_000
const callsAfterwards = 20
/** How often Keycloak's events are read: rounds begin at a random moment of it, or they would fall in step with it. */
const pollIntervalMs = 250
/** Who is among many that are disabled in one go, and how many calls of others come beside, a second. */
const manyLeavers = ['alice', 'anna']
const callsWithMany = 100
const whoami: ToolCall = { name: 'whoami', arguments: {} }
/**
 * Whose access ends: while it is given back to one, which takes seconds, the door is opened for another. Each of them may read
 * customers.
 */
const leavers = ['alice', 'anna', 'bob']
/** Who calls all the while under load. */
const worker = 'dave'

/** Where nobody says how many: the ways out, and many in one go, of which a round takes a minute. */
const usualRounds = { doors: 10, many: 5 }

interface Flags {
  rounds?: number
  replicas: number
  load: number
  people: number
  delivery: 'push' | 'poll'
  apart?: boolean
  door: string[]
  activeDirectory?: boolean
  json?: boolean
}

interface DoorResult {
  door: string
  title: string
  rounds: number
  /** Milliseconds from the answer until the first refusal, of each round at each replica; 0 when it came before the answer. */
  milliseconds: number[]
  /** Calls that were allowed after the first refusal at the same replica. */
  allowedAfterwards: number
}

const command = new Command('pnpm bench:deprovisioning')
  .description(
    'Starts Keycloak, the corporate IdP, a Redis and replicas of the MCP server, and measures for every way out how long each replica goes on allowing: from the answer to who ended the access to the first refusal. Exit code 1 when a replica takes a second or longer, or allows after it refused, or when a call of the load is not answered as it should; with --people, when somebody is not denied within five seconds, or the p99 of others is twice that of before in the median of the rounds.',
  )
  .option(
    '--rounds <number>',
    `rounds for each way out (default: ${usualRounds.doors}), or of many in one go (default: ${usualRounds.many})`,
    wholeNumber(1, 1000),
  )
  .option('--replicas <number>', 'replicas of the MCP server', wholeNumber(1, mostReplicas), 3)
  .option('--load <number>', `calls a second of ${worker}, over all replicas, meanwhile`, wholeNumber(0, 2000), 0)
  .option('--people <number>', 'so many people disabled in one go instead, by signals', wholeNumber(0, 1_000_000), 0)
  .addOption(new Option('--delivery <way>', 'how a replica hears of so many').choices(['push', 'poll']).default('push'))
  .option('--apart', 'one more server hears of what has ended, and is not called')
  .addOption(new Option('--door <name...>', 'only these ways out').default([], 'all'))
  .option('--active-directory', 'with Active Directory in place of the corporate IdP; needs Samba, and root')
  .option('--json', 'print one JSON document')
  .showHelpAfterError('See pnpm bench:deprovisioning --help.')
  .action(measure)

await runCommand(command, 1)

async function measure(flags: Flags): Promise<void> {
  const { signal } = stopSignals()
  const directory = await mkdtemp(join(tmpdir(), 'mcp-identity-deprovisioning-'))
  if (!hasRedisServer())
    throw new StackError('redis-server is not on the PATH', {
      nextStep: 'Install it, such as by apt install redis-server.',
    })
  const redis = await startRedisServer()
  let transmitter: PolledTransmitter | undefined
  let replicas: Replica[] = []
  const parts = (context: PartsContext): NodePart[] => {
    const replicated = replicateMcpServer(nodeParts(context), context, {
      count: flags.replicas + (flags.apart ? 1 : 0),
      redisUrl: redis.url,
    })
    replicas = replicated.replicas
    const [first] = replicas
    if (first !== undefined && transmitter !== undefined)
      addTransmitter(first.part, transmitter.settingsAbout(context.addresses.issuer))
    return replicated.parts.filter(({ name }) => name !== 'console')
  }
  const printer = printProgress(process.stderr)
  try {
    if (flags.people > 0 && flags.delivery === 'poll')
      transmitter = await startPolledTransmitter(join(directory, 'polled-transmitter-secret'))
    const settings = readSettings({ PORT_BASE: '9880', ...process.env })
    const stack = await startStack({
      settings,
      directory,
      parts,
      trust: trustOf(flags),
      tell: printer.tell,
      signal,
    }).finally(() => printer.end())
    try {
      await report(
        flags,
        stack.file,
        replicas.map(({ port }) => callerOf(port, stack.file.urls.mcp)),
        readRunRecord(stack.folder.runRecord),
        transmitter,
        signal,
      )
    } finally {
      await stack.stop()
    }
  } finally {
    transmitter?.close()
    await redis.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

async function report(
  flags: Flags,
  stack: StackFile,
  callers: ReplicaCaller[],
  processes: readonly RecordedProcess[],
  transmitter: PolledTransmitter | undefined,
  signal: AbortSignal,
): Promise<void> {
  const known = doorsOf(stack)
  const unknown = flags.door.find((name) => !known.some((door) => door.name === name))
  if (unknown !== undefined)
    throw new TypeError(`there is no way out named ${unknown}; there are ${known.map(({ name }) => name).join(', ')}`)
  const doors = known.filter(({ name }) => flags.door.length === 0 || flags.door.includes(name))
  // The first has the address to which signals are pushed.
  const called = callers.slice(flags.apart ? 1 : 0)
  const newToken = () => tokenOf(stack, worker)
  const loadOf = async (perSecond: number): Promise<Load> =>
    startLoad({ callers: called, tool: whoami, firstToken: await newToken(), newToken, perSecond })
  const load = flags.load === 0 ? undefined : await loadOf(flags.load)
  const results: DoorResult[] = []
  let loadResult: LoadResult | undefined
  try {
    for (const door of flags.people > 0 ? [] : doors) {
      results.push(await measureDoor(stack, door, callers, flags.rounds ?? usualRounds.doors, signal))
      if (!flags.json) console.log(line(results.at(-1) as DoorResult))
    }
  } finally {
    loadResult = await load?.end()
  }
  const many =
    flags.people === 0
      ? undefined
      : await measureMany(
          {
            stack,
            callers,
            processes,
            transmitter,
            people: flags.people,
            rounds: flags.rounds ?? usualRounds.many,
            signal,
          },
          loadOf,
        )
  for (const caller of callers) caller.close()
  const machine = { node: process.version, loadAverage: loadavg().map((value) => Math.round(value * 10) / 10) }
  const summary = { replicas: flags.replicas, callsPerSecond: flags.load, machine, results, load: loadResult, many }
  if (flags.json) console.log(JSON.stringify(summary, undefined, 2))
  else console.log(footer(summary))
  const isGood = results.every(
    ({ milliseconds, allowedAfterwards }) => allowedAfterwards === 0 && Math.max(...milliseconds) < boundMs,
  )
  const isLoadUnharmed = loadResult === undefined || loadResult.refused + loadResult.failed === 0
  process.exitCode = isGood && isLoadUnharmed && (many === undefined || isUnharmed(many)) ? 0 : 1
}

/** The people who are looked at are the last to be told of; who has left may sign in again, as nobody told Keycloak. */
async function measureMany(
  options: Omit<ManyDisabledOptions, 'signIn' | 'load' | 'tool' | 'tell'>,
  loadOf: (perSecond: number) => Promise<Load>,
): Promise<ManySummary> {
  const { stack, people } = options
  async function signIn(): Promise<string[]> {
    const tokens: string[] = []
    for (const username of manyLeavers) tokens.push(await tokenOf(stack, username))
    return tokens
  }
  const load = await loadOf(callsWithMany)
  try {
    const tell = (step: string): void => console.error(step)
    return summarizeMany(people, await disableMany({ ...options, signIn, load, tool: whoami, tell }))
  } finally {
    await load.end()
  }
}

/** One more who may say that access has ended. */
function addTransmitter({ environment }: NodePart, settings: object): void {
  const signals = JSON.parse(environment.MCP_SIGNALS ?? '{}')
  environment.MCP_SIGNALS = JSON.stringify({ ...signals, transmitters: [...(signals.transmitters ?? []), settings] })
}

async function measureDoor(
  stack: StackFile,
  door: Door,
  callers: ReplicaCaller[],
  rounds: number,
  signal: AbortSignal,
): Promise<DoorResult> {
  const result: DoorResult = { door: door.name, title: door.title, rounds, milliseconds: [], allowedAfterwards: 0 }
  const inTurn = createTurns()
  let begun = 0
  await Promise.all(
    leavers.map(async (leaver) => {
      for (; begun < rounds; ) {
        begun += 1
        await inTurn(async () => {
          signal.throwIfAborted()
          await sleep(Math.random() * pollIntervalMs)
          const { refusedAt, answeredAt, allowedAfterwards } = await openOnce(stack, door, leaver, callers)
          result.milliseconds.push(...refusedAt.map((at) => Math.max(0, at - answeredAt)))
          result.allowedAfterwards += allowedAfterwards
        })
        await door.restore({ username: leaver })
      }
    }),
  )
  return result
}

/** Lets one do its work at a time. Whoever comes after one that failed is not begun. */
function createTurns(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve()
  return (work) => {
    last = last.then(work)
    return last
  }
}

/** Calls each replica without a pause while the door is opened, until each has refused, and some times more. */
async function openOnce(stack: StackFile, door: Door, leaver: string, callers: ReplicaCaller[]) {
  const tool = door.loses ?? whoami
  const session = sessionOf(stack, leaver)
  if (door.loses !== undefined) await session.callTool(door.loses.name, door.loses.arguments)
  await session.callTool('whoami')
  const visitor = { username: leaver, accessToken: session.accessToken(), refreshToken: session.refreshToken() }
  await session.close()
  const asks = callers.map((caller) => () => caller.isRefused(visitor.accessToken, tool))
  for (const isRefused of asks) if (await isRefused()) throw new Error(`${door.name}: refused before it was opened`)
  const watch = watchRefusals(asks, { giveUpAfterMs, callsAfterwards })
  const [answeredAt, seen] = await Promise.all([door.open(visitor).finally(watch.opened), watch.seen])
  return { answeredAt, ...seen }
}

function sessionOf(stack: StackFile, username: string) {
  const person = stack.accounts.find((account) => account.username === username)
  if (person === undefined) throw new Error(`the stack names no ${username}`)
  return openPersonSession({ resource: stack.urls.mcp, clientId: stack.clients.cli.clientId, person })
}

async function tokenOf(stack: StackFile, username: string): Promise<string> {
  const session = sessionOf(stack, username)
  await session.callTool('whoami')
  await session.close()
  return session.accessToken()
}

function line({ door, milliseconds, allowedAfterwards }: DoorResult): string {
  const { least, p50, p95, p99, most } = distributionOf(milliseconds)
  return `${door.padEnd(32)} min ${least}  p50 ${p50}  p95 ${p95}  p99 ${p99}  max ${most} ms  (${milliseconds.length} refusals, ${allowedAfterwards} allowed after one)`
}

function footer({
  replicas,
  callsPerSecond,
  machine,
  load,
  many,
}: {
  replicas: number
  callsPerSecond: number
  machine: object
  load: object | undefined
  many: ManySummary | undefined
}): string {
  const under = load === undefined ? '' : `\nunder ${callsPerSecond} calls a second: ${JSON.stringify(load)}`
  const inOneGo = many === undefined ? '' : `\n${linesOfMany(many).join('\n')}`
  return `\n${replicas} replicas, ${JSON.stringify(machine)}${under}${inOneGo}`
}
