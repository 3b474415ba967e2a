import { ask, type Contestant } from './contestant.ts'
import type { Load } from './load.ts'

/** Sends the requests of one round and gives how long each answer took, in milliseconds. */
export type Loop = (load: Load) => Promise<readonly number[]>

/** What one contestant cost: µs of processor time a request, of all its threads, and latencies in milliseconds. */
export interface Costs {
  /** Medians of the rounds. */
  readonly us: number
  readonly p50: number
  readonly p99: number
  /** The least disturbed round, because other work only ever adds. */
  readonly leastUs: number
}

/** Measures the contestants in turns, so that what else the machine does falls on all of them. */
export async function compare(
  contestants: readonly Contestant[],
  loop: Loop,
  rounds: number,
): Promise<ReadonlyMap<Contestant, Costs>> {
  const samples = new Map<Contestant, Sample[]>(contestants.map((each) => [each, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const contestant of contestants) samples.get(contestant)?.push(await measure(contestant, loop))
  }
  return new Map([...samples].map(([contestant, taken]) => [contestant, costsOf(taken)]))
}

/** One line of a table of costs. */
export function row(name: string, revision: string, ...figures: readonly string[]): string {
  return `${name.padEnd(30)} ${revision.padEnd(11)} ${figures.map((figure) => figure.padStart(10)).join(' ')}`
}

type Sample = Omit<Costs, 'leastUs'>

function costsOf(samples: readonly Sample[]): Costs {
  const medianOf = (figure: keyof Sample): number => median(samples.map((sample) => sample[figure]))
  const leastUs = Math.min(...samples.map(({ us }) => us))
  return { us: medianOf('us'), p50: medianOf('p50'), p99: medianOf('p99'), leastUs }
}

async function measure(contestant: Contestant, loop: Loop): Promise<Sample> {
  const before = await cpuOf(contestant)
  const latencies = [...(await loop(contestant.load))].sort((one, other) => one - other)
  const us = ((await cpuOf(contestant)) - before) / latencies.length
  const at = (part: number): number => latencies[Math.floor(latencies.length * part)] ?? Number.NaN
  return { us, p50: at(0.5), p99: at(0.99) }
}

async function cpuOf(contestant: Contestant): Promise<number> {
  const { cpu } = await ask<{ cpu: NodeJS.CpuUsage }>(contestant, 'cpu')
  return cpu.user + cpu.system
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}
