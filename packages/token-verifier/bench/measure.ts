/** Something to be measured. */
export interface Subject {
  readonly name: string
  /** One operation; `turn` counts up, so that inputs can be taken in turns. */
  readonly run: (turn: number) => unknown
  /** Made before each sample and not measured: fresh inputs for so many operations. */
  readonly prepare?: (operations: number) => void
  /** Operations in one sample. Default: as many as take about 2 ms. */
  readonly operations?: number
}

/** What came out for one subject. Times are CPU time of all threads, in microseconds for one operation. */
export interface Measurement {
  readonly name: string
  readonly medianMicroseconds: number
  /** Median of the ratios to the first subject, paired within each round. */
  readonly ratio: number
  /** Ratio of the tenth percentiles: what is left when other work of the machine is counted out. */
  readonly undisturbedRatio: number
  /** Tenth percentile of all samples. */
  readonly undisturbedMicroseconds: number
}

const sampleMicroseconds = 2000
const samplesInRound = 8
const warmUpMicroseconds = 500_000

/**
 * Measures subjects against the first of them: in each round every subject once, in random order, so that noise of the
 * machine hits all alike.
 *
 * Reads `process.cpuUsage`, which counts every thread: work on the thread pool is not free.
 */
export async function measure(subjects: readonly Subject[], rounds: number): Promise<Measurement[]> {
  const sizes = new Map<Subject, number>()
  for (const subject of subjects) sizes.set(subject, await warmUp(subject))
  const taken: Rounds = new Map(subjects.map((subject) => [subject, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of shuffled(subjects)) {
      taken.get(subject)?.push(await samplesOf(subject, sizes.get(subject) ?? 1))
    }
  }
  return subjects.map((subject) => summarize(subject, subjects[0] ?? subject, taken))
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}

/** The samples of each subject, round by round. */
type Rounds = ReadonlyMap<Subject, (readonly number[])[]>

function summarize(subject: Subject, base: Subject, taken: Rounds): Measurement {
  const [own = [], bases = []] = [taken.get(subject), taken.get(base)]
  const undisturbedMicroseconds = quantile(own.flat(), 0.1)
  return {
    name: subject.name,
    medianMicroseconds: median(own.flat()),
    ratio: median(own.map((samples, round) => median(samples) / median(bases[round] ?? []))),
    undisturbedMicroseconds,
    undisturbedRatio: undisturbedMicroseconds / quantile(bases.flat(), 0.1),
  }
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN
}

async function samplesOf(subject: Subject, operations: number): Promise<number[]> {
  const samples: number[] = []
  while (samples.length < samplesInRound) samples.push(await sample(subject, operations))
  return samples
}

/** Warms the subject up until it is compiled, and finds how many operations fill a sample. */
async function warmUp(subject: Subject): Promise<number> {
  let operations = subject.operations ?? 64
  for (let spent = 0; spent < warmUpMicroseconds; ) {
    const each = await sample(subject, operations)
    spent += each * operations
    operations =
      subject.operations ?? Math.min(200_000, Math.max(16, Math.ceil(sampleMicroseconds / Math.max(each, 0.01))))
  }
  return operations
}

async function sample(subject: Subject, operations: number): Promise<number> {
  subject.prepare?.(operations)
  const { run } = subject
  const before = process.cpuUsage()
  for (let turn = 0; turn < operations; turn += 1) {
    const result = run(turn)
    if (result instanceof Promise) await result
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / operations
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => [Math.random(), item] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, item]) => item)
}
