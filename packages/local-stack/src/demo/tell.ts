import colour from 'picocolors'
import { refusalBoundMs, type Story } from './story.ts'

/** What one step of the demonstration did. */
export interface StepReport {
  asked: string
  answered: string
  milliseconds: number
  ok: boolean
}

/** How long each disable round took, in milliseconds. */
export interface RoundsReport {
  rounds: number[]
  minimum: number
  median: number
  p95: number
  maximum: number
}

/** The whole demonstration, as `pnpm demo --json` prints it. */
export interface DemoReport {
  ok: boolean
  limits: Story['limits']
  steps: StepReport[]
  rounds?: RoundsReport
}

/** Where the telling goes: lines for a person, or nothing while JSON is collected. */
export type TellLine = (line: string) => void

/** How long the telling goes on. */
export interface TellOptions {
  /** Further rounds of "IT disables alice", 0 to 1000; their distribution is told at the end. */
  disableRounds: number
  /** Ends the telling between two steps. */
  signal?: AbortSignal
}

/**
 * Tells the story step by step and stops at the first step that does not do what it says.
 *
 * What the story changed is put back at the end, however it ends.
 */
export async function tellStory(
  story: Story,
  { disableRounds, signal }: TellOptions,
  tell: TellLine,
): Promise<DemoReport> {
  const report: DemoReport = { ok: true, limits: story.limits, steps: [] }
  for (const limit of story.limits) tellLimit(limit, tell)
  try {
    for (const [index, step] of story.steps.entries()) {
      if (signal?.aborted) return { ...report, ok: false }
      const done = await runStep(step)
      report.steps.push(done)
      tellStep(index + 1, story.steps.length, done, tell)
      if (!done.ok) return { ...report, ok: false }
    }
    if (disableRounds > 0) {
      report.rounds = await runRounds(story, disableRounds, tell, signal)
      report.ok = report.rounds.maximum < refusalBoundMs
    }
    return report
  } finally {
    await story.restore()
  }
}

async function runStep(step: Story['steps'][number]): Promise<StepReport> {
  const startedAt = performance.now()
  try {
    const answered = await step.run()
    return { asked: step.asked, answered, milliseconds: Math.round(performance.now() - startedAt), ok: true }
  } catch (error) {
    const answered = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    return { asked: step.asked, answered, milliseconds: Math.round(performance.now() - startedAt), ok: false }
  }
}

function tellLimit({ text, instead, source }: Story['limits'][number], tell: TellLine): void {
  tell(`${colour.yellow('!')} ${text} ${colour.dim(source)}`)
  tell(`        ${instead}`)
}

function tellStep(number: number, total: number, step: StepReport, tell: TellLine): void {
  const mark = step.ok ? colour.green('✓') : colour.red('✗')
  tell(`${mark} ${String(number).padStart(2)}/${total} ${step.asked} ${colour.dim(`(${step.milliseconds} ms)`)}`)
  tell(`        ${step.ok ? colour.cyan(step.answered) : colour.red(step.answered)}`)
}

async function runRounds(
  story: Story,
  count: number,
  tell: TellLine,
  signal: AbortSignal | undefined,
): Promise<RoundsReport> {
  const rounds: number[] = []
  for (let round = 1; round <= count && !signal?.aborted; round += 1) {
    const milliseconds = Math.round(await story.disableRound())
    rounds.push(milliseconds)
    tell(`  disable round ${round}/${count}: first refusal after ${milliseconds} ms`)
  }
  const report = summarise(rounds)
  const { minimum, median, p95, maximum } = report
  tell(`  from the click to the first refusal: min ${minimum}, median ${median}, p95 ${p95}, max ${maximum} ms`)
  return report
}

/** Minimum, median, 95th percentile (nearest rank) and maximum of at least one round. */
export function summarise(rounds: number[]): RoundsReport {
  const sorted = [...rounds].sort((a, b) => a - b)
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
  return { rounds, minimum: rank(0), median: rank(0.5), p95: rank(0.95), maximum: rank(1) }
}
