import { callsOf } from './callers.ts'
import { median, rounded, sumOf } from './figures.ts'
import type { LoadedServer } from './fleet.ts'
import type { LoadRun } from './load-run.ts'
import { cpuSecondsOf, residentMegabytesOf } from './process-figures.ts'
import { joinSlices, percentile, runSlice, type Slice } from './slice.ts'

/** Milliseconds that authorization, policy and audit may add to the p99. */
const mostAddedMs = 5
const mostMegabytes = 256
/** The bare servers take a turn after each turn of the replicas. */
const turnSeconds = 20
const bareTurnSeconds = 5

/** What {@link measureManyPeople} found. Milliseconds unless a name says otherwise. */
export interface ManyPeopleReport {
  readonly people: number
  readonly seconds: number
  readonly calls: number
  readonly callsPerSecond: number
  /** Answers other than 200 by status, the first calls among them; 0 is none. */
  readonly errors: Readonly<Record<number, number>>
  readonly firstCalls: Percentiles
  readonly replicas: Percentiles
  readonly bare: Percentiles
  /** Median, over the turns, of the p99 of the replicas less that of the bare servers beside. */
  readonly addedP99: number
  /** Most that each replica had, in megabytes of 10^6 bytes. */
  readonly residentMegabytes: readonly number[]
  /** The same after each turn, the largest replica. */
  readonly residentOverTime: readonly number[]
  /** Processor time of the replicas for one call, all threads, in microseconds. */
  readonly processorMicrosecondsPerCall: number
  /** What each replica has on record, and whether its chain verifies. */
  readonly records: readonly { readonly intact: boolean; readonly records: number }[]
  /** Bounds that were not kept. */
  readonly problems: readonly string[]
}

export interface Percentiles {
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** Many people who call at random moments, for a time, beside as much load on bare servers in turns. */
export async function measureManyPeople(load: LoadRun): Promise<ManyPeopleReport> {
  const { fleet, people, seconds, rate, signal, tell } = load
  tell(`this takes about ${minutesOf(load)} min`)
  tell(`signing ${people} access tokens`)
  const calls = callsOf(people, fleet.target)
  tell('everybody calls for the first time, at each replica')
  const first = await callEachOnce(load, calls)
  const replicaTurns: Slice[] = []
  const bareTurns: Slice[] = []
  const memory: number[][] = []
  const next = (): Buffer => calls[Math.floor(Math.random() * calls.length)] as Buffer
  const turn = (servers: readonly LoadedServer[], turnLength: number): Promise<Slice> =>
    runSlice({ ports: servers.map(({ port }) => port), perSecond: rate, seconds: turnLength, signal, next })
  let cpuSeconds = 0
  for (let left = seconds; left > 0 && !signal.aborted; left -= turnSeconds) {
    const before = sumOf(fleet.replicas.map(cpuSecondsOf))
    replicaTurns.push(await turn(fleet.replicas, Math.min(left, turnSeconds)))
    cpuSeconds += sumOf(fleet.replicas.map(cpuSecondsOf)) - before
    memory.push(fleet.replicas.map(residentMegabytesOf))
    bareTurns.push(await turn(fleet.bareServers, bareTurnSeconds))
    tell(progressOf(seconds - Math.max(0, left - turnSeconds), replicaTurns, bareTurns, memory))
  }
  const all = joinSlices(replicaTurns)
  const report = {
    people,
    seconds,
    calls: all.latencies.count,
    callsPerSecond: rate,
    errors: joinSlices([first, all]).errors,
    firstCalls: percentilesOf(first),
    replicas: percentilesOf(all),
    bare: percentilesOf(joinSlices(bareTurns)),
    addedP99: rounded(median(replicaTurns.map((each, index) => p99Above(each, bareTurns[index])))),
    residentMegabytes: fleet.replicas.map((_, index) => Math.max(...memory.map((figures) => figures[index] ?? 0))),
    residentOverTime: memory.map((figures) => Math.max(...figures)),
    processorMicrosecondsPerCall: Math.round((cpuSeconds * 1e6) / Math.max(1, all.latencies.count)),
    records: (await fleet.verifyRecords(tell)).map(({ intact, records }) => ({ intact, records })),
  }
  return { ...report, problems: problemsOf(report, first.latencies.count) }
}

/** Everybody's first calls, and the turns; what comes before and after is seconds. */
function minutesOf({ people, replicas, rate, seconds }: LoadRun): number {
  const turns = Math.ceil(seconds / turnSeconds)
  return Math.ceil(((people * replicas) / rate + seconds + turns * bareTurnSeconds) / 60)
}

/** Everybody at each replica: there each token is verified once, and each person's key for the audit log is made. */
async function callEachOnce({ fleet, rate, signal, tell }: LoadRun, calls: readonly Buffer[]): Promise<Slice> {
  const atEach = fleet.replicas.map(({ port }, replica) => {
    const ended = new AbortController()
    let sent = 0
    const next = (): Buffer => {
      if (sent === calls.length - 1) ended.abort()
      if (replica === 0 && sent > 0 && sent % 1_000 === 0) tell(`${sent} of ${calls.length} people have called`)
      return calls[sent++] as Buffer
    }
    const perSecond = rate / fleet.replicas.length
    return runSlice({
      ports: [port],
      perSecond,
      seconds: 86_400,
      signal: AbortSignal.any([signal, ended.signal]),
      next,
    })
  })
  return joinSlices(await Promise.all(atEach))
}

function problemsOf(report: Omit<ManyPeopleReport, 'problems'>, firstCalls: number): string[] {
  const { errors, addedP99, residentMegabytes, records, calls } = report
  const failed = Object.entries(errors)
  const recorded = sumOf(records.map((log) => log.records))
  return [
    ...failed.map(([status, count]) => `${count} calls were answered ${status === '0' ? 'by nothing' : status}`),
    ...(addedP99 > mostAddedMs ? [`the p99 is ${addedP99} ms above the bare servers, at most ${mostAddedMs}`] : []),
    ...residentMegabytes.flatMap((megabytes, index) =>
      megabytes > mostMegabytes ? [`replica ${index + 1} had ${megabytes} MB, at most ${mostMegabytes}`] : [],
    ),
    ...records.flatMap(({ intact }, index) => (intact ? [] : [`the audit log of replica ${index + 1} is damaged`])),
    ...(recorded < 2 * (calls + firstCalls) ? [`${recorded} records of ${calls + firstCalls} calls, two of each`] : []),
  ]
}

/** The report for people. */
export function tellManyPeople(report: ManyPeopleReport): string {
  const { firstCalls, replicas, bare, records, residentOverTime } = report
  const row = (name: string, { p50, p99, p999 }: Percentiles): string =>
    `  ${name.padEnd(28)} ${[p50, p99, p999].map((figure) => figure.toFixed(2).padStart(9)).join('')}`
  const errors = sumOf(Object.values(report.errors))
  return [
    `${report.people} people, ${report.calls} calls in ${report.seconds} s (${report.callsPerSecond} a second), ${errors} errors`,
    `  ${'milliseconds'.padEnd(28)} ${['p50', 'p99', 'p99.9'].map((name) => name.padStart(9)).join('')}`,
    row('first call of each', firstCalls),
    row('replicas', replicas),
    row('bare servers, in turns', bare),
    `  added p99, median of the turns ${report.addedP99} ms (at most ${mostAddedMs})`,
    `  resident memory ${report.residentMegabytes.join(', ')} MB (at most ${mostMegabytes}); over time ${thinned(residentOverTime).join(', ')}`,
    `  processor time ${report.processorMicrosecondsPerCall} us a call, all threads of a replica`,
    `  on record ${records.map((log) => `${log.records}${log.intact ? '' : ' DAMAGED'}`).join(', ')}; chains ${records.every(({ intact }) => intact) ? 'verify' : 'do not verify'}`,
  ].join('\n')
}

function progressOf(done: number, turns: readonly Slice[], bareTurns: readonly Slice[], memory: number[][]): string {
  const last = turns.at(-1) as Slice
  const errors = sumOf(Object.values(joinSlices(turns).errors))
  const bare = percentile(bareTurns.at(-1) as Slice, 99).toFixed(2)
  return `${done} s: p99 ${percentile(last, 99).toFixed(2)} ms, bare ${bare} ms, ${errors} errors, ${memory.at(-1)?.join(', ')} MB`
}

function percentilesOf(slice: Slice): Percentiles {
  const [p50 = 0, p99 = 0, p999 = 0] = [50, 99, 99.9].map((percent) => rounded(percentile(slice, percent)))
  return { p50, p99, p999 }
}

function p99Above(slice: Slice, bare: Slice | undefined): number {
  return percentile(slice, 99) - (bare === undefined ? 0 : percentile(bare, 99))
}

/** At most ten of them, evenly apart. */
function thinned(values: readonly number[]): number[] {
  const step = Math.max(1, Math.ceil(values.length / 10))
  return values.filter((_, index) => index % step === 0 || index === values.length - 1)
}
