import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { callsOf } from './callers.ts'
import { median, rounded, sumOf } from './figures.ts'
import type { FloodResult, FloodSettings } from './flood.ts'
import type { LoadRun } from './load-run.ts'
import { cpuSecondsOf, residentMegabytesOf } from './process-figures.ts'
import { joinSlices, percentile, runSlice, type Slice } from './slice.ts'

/** How much slower the slowest good calls may become. */
const mostTimes = 2
const turnSeconds = 5

/** What {@link measureBadTokens} found. Milliseconds unless a name says otherwise. */
export interface BadTokensReport {
  readonly seconds: number
  readonly goodCalls: number
  readonly goodPerSecond: number
  readonly badTokens: number
  /** That were answered, a second of flood. */
  readonly badPerSecond: number
  /** Answers to good calls other than 200, and to bad tokens other than 401, by status; 0 is none. */
  readonly errors: Readonly<Record<number, number>>
  readonly unexpected: Readonly<Record<number, number>>
  readonly quietP50: number
  readonly quietP99: number
  readonly floodP50: number
  readonly floodP99: number
  /** Median, over the turns, of the p99 in the flood divided by that of the quiet turn before it. */
  readonly timesQuiet: number
  readonly residentMegabytes: readonly number[]
  /** How many processors were busy, on average: with the replicas in the quiet turns and in the flood, with making the flood. */
  readonly processors: { readonly quiet: number; readonly flood: number; readonly makingTheFlood: number }
  /** What the replicas spent more in the flood, by the number of bad tokens: processor time, all threads. */
  readonly processorMicrosecondsPerBadToken: number
  /** Bounds that were not kept. */
  readonly problems: readonly string[]
}

/** Good calls alone and beside a flood, in turns. */
export async function measureBadTokens(load: LoadRun & { readonly bad: number }): Promise<BadTokensReport> {
  const { fleet, people, seconds, rate, bad, signal, tell } = load
  tell(`signing ${people} good access tokens and several thousand bad ones`)
  const calls = callsOf(people, fleet.target)
  const ports = fleet.replicas.map(({ port }) => port)
  const flood = await startFlood({ target: fleet.target, ports, perSecond: bad })
  const next = (): Buffer => calls[Math.floor(Math.random() * calls.length)] as Buffer
  const turn = (length = turnSeconds): Promise<Slice> =>
    runSlice({ ports, perSecond: rate, seconds: length, signal, next })
  const quiet: Slice[] = []
  const beside: Slice[] = []
  const floods: FloodResult[] = []
  const busySeconds = { quiet: 0, flood: 0, makingTheFlood: 0 }
  const busyWith = (): number => sumOf(fleet.replicas.map(cpuSecondsOf))
  try {
    // Everything is warm then, the path of the bad ones too.
    flood.send('begin')
    const first = await turn(2 * turnSeconds)
    await endFlood(flood)
    for (let left = seconds; left > 0 && !signal.aborted; left -= 2 * turnSeconds) {
      const [atFirst, floodAtFirst] = [busyWith(), cpuSecondsOf({ pid: flood.pid ?? 0 })]
      quiet.push(await turn())
      const between = busyWith()
      flood.send('begin')
      beside.push(await turn())
      floods.push(await endFlood(flood))
      busySeconds.quiet += between - atFirst
      busySeconds.flood += busyWith() - between
      busySeconds.makingTheFlood += cpuSecondsOf({ pid: flood.pid ?? 0 }) - floodAtFirst
      const [alone, flooded] = [quiet.at(-1), beside.at(-1)].map((slice) => percentile(slice ?? first, 99).toFixed(2))
      tell(`p99 of the good: alone ${alone} ms, beside ${floods.at(-1)?.refused} bad tokens ${flooded} ms`)
    }
    const [allQuiet, allBeside] = [joinSlices(quiet), joinSlices(beside)]
    const badTokens = sumOf(floods.map(({ refused }) => refused))
    const report = {
      seconds,
      goodCalls: allQuiet.latencies.count + allBeside.latencies.count,
      goodPerSecond: rate,
      badTokens,
      badPerSecond: Math.round(badTokens / (floods.length * turnSeconds)),
      errors: joinSlices([first, allQuiet, allBeside]).errors,
      unexpected: Object.assign({}, ...floods.map(({ unexpected }) => unexpected)) as Record<number, number>,
      quietP50: rounded(percentile(allQuiet, 50)),
      quietP99: rounded(percentile(allQuiet, 99)),
      floodP50: rounded(percentile(allBeside, 50)),
      floodP99: rounded(percentile(allBeside, 99)),
      timesQuiet: rounded(median(beside.map((slice, index) => timesOf(slice, quiet[index])))),
      residentMegabytes: fleet.replicas.map(residentMegabytesOf),
      processors: processorsOf(busySeconds, floods.length * turnSeconds),
      processorMicrosecondsPerBadToken: Math.round(
        ((busySeconds.flood - busySeconds.quiet) * 1e6) / Math.max(1, badTokens),
      ),
    }
    return { ...report, problems: problemsOf(report, bad) }
  } finally {
    flood.kill()
  }
}

/** The report for people. */
export function tellBadTokens(report: BadTokensReport): string {
  const errors = sumOf(Object.values(report.errors))
  const unexpected = sumOf(Object.values(report.unexpected))
  return [
    `${report.goodCalls} good calls (${report.goodPerSecond} a second), ${errors} errors; ${report.badTokens} bad tokens refused (${report.badPerSecond} a second), ${unexpected} answered otherwise`,
    `  good calls alone            p50 ${report.quietP50} ms, p99 ${report.quietP99} ms`,
    `  good calls in the flood     p50 ${report.floodP50} ms, p99 ${report.floodP99} ms`,
    `  p99 in the flood, median of the turns ${report.timesQuiet} x alone (at most ${mostTimes})`,
    `  processors busy: replicas ${report.processors.quiet} alone and ${report.processors.flood} in the flood, making it ${report.processors.makingTheFlood}`,
    `  a bad token took ${report.processorMicrosecondsPerBadToken} us of processor time at its replica`,
    `  resident memory at the end ${report.residentMegabytes.join(', ')} MB`,
  ].join('\n')
}

function problemsOf(report: Omit<BadTokensReport, 'problems'>, bad: number): string[] {
  const told = (counts: Readonly<Record<number, number>>, what: string): string[] =>
    Object.entries(counts).map(([status, count]) => `${count} ${what} were answered ${status}`)
  return [
    ...told(report.errors, 'good calls'),
    ...told(report.unexpected, 'bad tokens'),
    ...(report.timesQuiet > mostTimes ? [`the p99 is ${report.timesQuiet} x that without bad tokens`] : []),
    ...(report.badPerSecond < 0.9 * bad
      ? [`only ${report.badPerSecond} bad tokens a second were answered of ${bad}`]
      : []),
  ]
}

function processorsOf(busySeconds: BadTokensReport['processors'], seconds: number): BadTokensReport['processors'] {
  const { quiet, flood, makingTheFlood } = busySeconds
  const share = (busy: number): number => rounded(busy / Math.max(1, seconds))
  return { quiet: share(quiet), flood: share(flood), makingTheFlood: share(makingTheFlood) }
}

function timesOf(slice: Slice, quiet: Slice | undefined): number {
  return quiet === undefined ? 0 : percentile(slice, 99) / percentile(quiet, 99)
}

async function startFlood(settings: FloodSettings): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('./flood.ts', import.meta.url)), [JSON.stringify(settings)])
  await new Promise((resolve) => child.once('message', resolve))
  return child
}

function endFlood(flood: ChildProcess): Promise<FloodResult> {
  const ended = new Promise<FloodResult>((resolve) => flood.once('message', resolve))
  flood.send('end')
  return ended
}
