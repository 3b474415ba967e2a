import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { callsOf } from './callers.ts'
import { median, rounded, sumOf } from './figures.ts'
import type { LoadRun } from './load-run.ts'
import { cpuSecondsOf, residentMegabytesOf } from './process-figures.ts'
import { percentile, runSlice, type Slice } from './slice.ts'

const turnSeconds = 5

/** One replica each: what share of the traces that begin there it makes. Undefined: tracing is off. */
export const sampledShares = [undefined, 0.1, 1] as const

/** Takes spans as an OTLP collector does, and only counts them. */
export interface SpanReceiver {
  readonly endpoint: string
  readonly received: () => number
  close(): void
}

/** What {@link measureTraces} found, a row for each of {@link sampledShares}. */
export interface TracesReport {
  readonly seconds: number
  readonly callsPerSecond: number
  readonly spansReceived: number
  readonly rows: readonly {
    readonly sampled: number | undefined
    readonly calls: number
    /** Processor time of one call, all threads, in microseconds: median of the turns. */
    readonly processorMicroseconds: number
    /** Median, over the turns, of that time divided by that of the replica that makes none. */
    readonly timesUntraced: number
    /** Milliseconds, median of the turns. */
    readonly p50: number
    readonly residentMegabytes: number
  }[]
  /** Answers other than 200 by status; 0 is none. */
  readonly errors: Readonly<Record<number, number>>
  readonly problems: readonly string[]
}

/** Settings of a replica, by its number. */
export function tracingSettings(receiver: SpanReceiver, index: number): Record<string, string> {
  const share = sampledShares[index]
  if (share === undefined) return {}
  return { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, OTEL_TRACES_SAMPLER_ARG: String(share) }
}

export async function startSpanReceiver(): Promise<SpanReceiver> {
  let received = 0
  const server = createServer(async (request, response) => {
    const { resourceSpans } = (await json(request)) as { resourceSpans: { scopeSpans: { spans: unknown[] }[] }[] }
    received += sumOf(resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.map(({ spans }) => spans.length)))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: () => received,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** The same calls at the same time at replicas that differ in nothing but the traces that they make. */
export async function measureTraces(load: LoadRun, receiver: SpanReceiver): Promise<TracesReport> {
  const { fleet, people, seconds, rate, signal, tell } = load
  tell(`signing ${people} access tokens`)
  const calls = callsOf(people, fleet.target)
  const next = (): Buffer => calls[Math.floor(Math.random() * calls.length)] as Buffer
  const turn = (): Promise<Turn[]> =>
    Promise.all(
      fleet.replicas.map(async (replica) => {
        const before = cpuSecondsOf(replica)
        const perSecond = rate / fleet.replicas.length
        const slice = await runSlice({ ports: [replica.port], perSecond, seconds: turnSeconds, signal, next })
        return { slice, microseconds: ((cpuSecondsOf(replica) - before) * 1e6) / Math.max(1, slice.latencies.count) }
      }),
    )
  tell('warming up')
  await turn()
  await turn()
  const turns: Turn[][] = []
  for (let left = seconds; left > 0 && !signal.aborted; left -= turnSeconds) {
    turns.push(await turn())
    tell(
      `us a call: ${turns
        .at(-1)
        ?.map(({ microseconds }) => Math.round(microseconds))
        .join(', ')}`,
    )
  }
  const rows = sampledShares.map((sampled, index) => {
    const own = turns.map((each) => each[index] as Turn)
    return {
      sampled,
      calls: sumOf(own.map(({ slice }) => slice.latencies.count)),
      processorMicroseconds: Math.round(median(own.map(({ microseconds }) => microseconds))),
      timesUntraced: rounded(
        median(
          own.map(({ microseconds }, number) => microseconds / (turns[number]?.[0]?.microseconds ?? microseconds)),
        ),
      ),
      p50: rounded(median(own.map(({ slice }) => percentile(slice, 50)))),
      residentMegabytes: residentMegabytesOf(fleet.replicas[index] as { pid: number }),
    }
  })
  const errors: Record<number, number> = {}
  for (const { slice } of turns.flat())
    for (const [status, count] of Object.entries(slice.errors))
      errors[Number(status)] = (errors[Number(status)] ?? 0) + count
  const spansReceived = receiver.received()
  const problems = [
    ...Object.entries(errors).map(([status, count]) => `${count} calls were answered ${status}`),
    ...(spansReceived === 0 ? ['no span was received'] : []),
  ]
  return { seconds, callsPerSecond: rate, spansReceived, rows, errors, problems }
}

interface Turn {
  readonly slice: Slice
  readonly microseconds: number
}

/** The report for people. */
export function tellTraces({ rows, spansReceived, callsPerSecond }: TracesReport): string {
  const cell = (value: number | string): string => String(value).padStart(10)
  const line = (name: string, cells: readonly (number | string)[]): string =>
    `  ${name.padEnd(22)}${cells.map(cell).join('')}`
  return [
    `${callsPerSecond} calls a second over ${rows.length} replicas; ${spansReceived} spans received`,
    line('traces', ['us a call', 'times', 'p50 ms', 'MB']),
    ...rows.map(({ sampled, processorMicroseconds, timesUntraced, p50, residentMegabytes }) =>
      line(sampled === undefined ? 'none' : `${sampled * 100} % of the calls`, [
        processorMicroseconds,
        timesUntraced,
        p50,
        residentMegabytes,
      ]),
    ),
  ].join('\n')
}
