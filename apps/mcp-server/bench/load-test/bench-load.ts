import { constants, cpus, loadavg, setPriority } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import { startFleet } from './fleet.ts'
import type { LoadOptions, LoadRun } from './load-run.ts'
import { measureBadTokens, tellBadTokens } from './measure-bad-tokens.ts'
import { measureManyPeople, tellManyPeople } from './measure-many-people.ts'
import { measureTraces, sampledShares, startSpanReceiver, tellTraces, tracingSettings } from './measure-traces.ts'

const explanation = `
Every server, the generator and a Redis share this machine's processors; what else it does shows in the figures, so the load
average is printed beside them. Who measures goes before the others where the system lets him. Plain http on loopback. Tokens are RS256, signed with a test issuer's key: a Keycloak would
take longer to sign 10,000 people in than the load lasts. Exit code 1 when a bound is not kept, 130 after Ctrl-C.`

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupted.abort(name))

const program = new Command('pnpm bench:load')
  .description('Puts real replicas of the MCP server under load, each with its audit log, policies and shared signals.')
  .showHelpAfterError('See pnpm bench:load --help.')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .addHelpText('after', explanation)

withShared(program.command('people', { isDefault: true }), { people: 10_000, seconds: 600, rate: 300 })
  .description(
    'Many people at once. Bounds: no error, p99 at most 5 ms above a bare server that takes turns with the replicas, resident memory at most 256 MB a replica. (default)',
  )
  .action((flags) => run(flags, measureManyPeople, tellManyPeople))

withShared(program.command('bad-tokens'), { people: 1_000, seconds: 60, rate: 200 })
  .description(
    'A flood of tokens that nobody may accept beside good calls, in turns with good calls alone. Bounds: every bad token refused with 401, no error, p99 of the good at most twice that of the quiet turns.',
  )
  .option('--bad <per second>', 'bad tokens a second, over all replicas', wholeNumber(1, 100_000), 5_000)
  .action((flags) => run(flags, (load) => measureBadTokens({ ...load, bad: flags.bad }), tellBadTokens))

program
  .command('traces')
  .description(
    'What traces cost: the same calls at three replicas, one that makes none, one that makes a tenth of them, one that makes all. No bound but that no call fails.',
  )
  .option('--people <number>', 'people, each with a token of his own', wholeNumber(1, 100_000), 1_000)
  .option('--seconds <number>', 'how long the replicas are under load', wholeNumber(5, 86_400), 60)
  .option('--rate <per second>', 'calls a second, over all replicas', wholeNumber(1, 20_000), 300)
  .option('--json', 'print one JSON document')
  .action(async (flags) => {
    const receiver = await startSpanReceiver()
    const load = { ...flags, replicas: sampledShares.length }
    await run(
      load,
      (each) => measureTraces(each, receiver),
      tellTraces,
      (index) => tracingSettings(receiver, index),
    )
    receiver.close()
  })

await program.parseAsync()

function withShared(command: Command, defaults: Omit<LoadOptions, 'replicas'>): Command {
  return command
    .option('--replicas <number>', 'replicas of the MCP server', wholeNumber(1, 9), 3)
    .option('--people <number>', 'people, each with a token of his own', wholeNumber(1, 100_000), defaults.people)
    .option('--seconds <number>', 'how long the replicas are under load', wholeNumber(5, 86_400), defaults.seconds)
    .option('--rate <per second>', 'good calls a second, over all replicas', wholeNumber(1, 20_000), defaults.rate)
    .option('--json', 'print one JSON document')
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (number >= least && number <= most) return number
    throw new InvalidArgumentError(`a whole number from ${least} to ${most} is needed.`)
  }
}

async function run<Report extends { readonly problems: readonly string[] }>(
  flags: LoadOptions & { readonly json?: boolean },
  measure: (load: LoadRun) => Promise<Report>,
  inWords: (report: Report) => string,
  settingsOf?: (replica: number) => Record<string, string>,
): Promise<void> {
  const tell = (line: string): void => void process.stderr.write(`${line}\n`)
  tell(`starting a Redis, ${flags.replicas} replicas and as many bare servers`)
  const fleet = await startFleet(flags.replicas, settingsOf)
  measureAtOnce()
  try {
    const measured = await measure({ ...flags, fleet, signal: interrupted.signal, tell })
    const machine = `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}`
    const load = loadavg().map((value) => Math.round(value * 10) / 10)
    if (flags.json) console.log(JSON.stringify({ machine, loadAverage: load, ...measured }, undefined, 2))
    else console.log(`${inWords(measured)}\n${machine}; load average ${load.join(', ')} at the end`)
    for (const problem of measured.problems) tell(`NOT KEPT: ${problem}`)
    process.exitCode = interrupted.signal.aborted ? 130 : measured.problems.length > 0 ? 1 : 0
  } finally {
    await fleet.close()
  }
}

/** Whoever measures must not wait for the processors that he shares with what he measures, or his waiting is in the figures. */
function measureAtOnce(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGH)
  } catch {
    // Not allowed to this user: the figures are a little worse then.
  }
}
