import { createLogUpdate } from 'log-update'
import colour from 'picocolors'
import type { ProgressEvent, TellProgress } from './progress.ts'

export interface ProgressPrinter {
  tell: TellProgress
  /** Leaves the terminal as it should be for what is printed next. */
  end(): void
}

/**
 * Prints one line for each part, with the time it took.
 *
 * On a terminal the parts that are still at work stand below, with a running clock. Elsewhere every line is final, and a
 * part that takes longer than ten seconds says so every ten seconds.
 */
export function printProgress(stream: NodeJS.WriteStream): ProgressPrinter {
  // A terminal that does not know its width, as in some containers, cannot be drawn on.
  return stream.isTTY && stream.columns > 0 ? printLive(stream) : printPlain(stream)
}

interface PartAtWork {
  startedAt: number
  detail: string
}

/** Keeps track of the parts at work; hands every line that is final to `print`. */
function followParts(atWork: Map<string, PartAtWork>, print: (line: string) => void): TellProgress {
  return (event) => {
    if (event.kind === 'started') atWork.set(event.part, { startedAt: performance.now(), detail: '' })
    if (event.kind === 'detail') {
      const part = atWork.get(event.part)
      if (part !== undefined) part.detail = event.detail
    }
    if (endings.includes(event.kind) && 'part' in event) atWork.delete(event.part)
    const line = finalLine(event)
    if (line !== undefined) print(line)
  }
}

const endings: ProgressEvent['kind'][] = ['finished', 'failed', 'abandoned']

function finalLine(event: ProgressEvent): string | undefined {
  if (event.kind === 'finished') return partLine(colour.green('✓'), event.part, event.elapsedMs, event.detail)
  if (event.kind === 'failed') return partLine(colour.red('✗'), event.part, event.elapsedMs, '')
  if (event.kind === 'notice') return colour.yellow(event.text)
  return undefined
}

function partLine(mark: string, part: string, elapsedMs: number, detail: string): string {
  return `${mark} ${part.padEnd(18)} ${`${(elapsedMs / 1000).toFixed(1)} s`.padStart(7)}  ${colour.dim(detail)}`.trimEnd()
}

const frames = ['◐', '◓', '◑', '◒']
const frameMs = 120

function printLive(stream: NodeJS.WriteStream): ProgressPrinter {
  const atWork = new Map<string, PartAtWork>()
  const update = createLogUpdate(stream)
  let frame = 0
  const draw = (): void => {
    frame += 1
    const mark = colour.cyan(frames[frame % frames.length] ?? '')
    const now = performance.now()
    update([...atWork].map(([part, { startedAt, detail }]) => partLine(mark, part, now - startedAt, detail)).join('\n'))
  }
  const timer = setInterval(draw, frameMs)
  return {
    tell: followParts(atWork, (line) => {
      update.persist(line)
      draw()
    }),
    end() {
      clearInterval(timer)
      update.clear()
      update.done()
    },
  }
}

const reminderMs = 10_000

function printPlain(stream: NodeJS.WriteStream): ProgressPrinter {
  const atWork = new Map<string, PartAtWork>()
  const print = (line: string): void => void stream.write(`${line}\n`)
  const timer = setInterval(() => {
    const now = performance.now()
    for (const [part, { startedAt, detail }] of atWork) {
      if (now - startedAt > reminderMs) print(partLine('…', part, now - startedAt, detail))
    }
  }, reminderMs)
  return { tell: followParts(atWork, print), end: () => clearInterval(timer) }
}
