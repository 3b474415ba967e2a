import { setTimeout as delay } from 'node:timers/promises'
import { StackError } from '../stack-error.ts'
import { lastLines } from './log-file.ts'
import { processEnded, type RunningProcess } from './running-process.ts'

/** When a part counts as ready. */
export interface Readiness {
  /** Answers 200 once the part is ready. */
  url: string
  /** How long the part may take, in milliseconds. */
  timeoutMs: number
}

const pollMs = 50

/**
 * Waits until a part answers 200.
 *
 * @throws {StackError} The process ended first, told at once, or the time is over; both carry its last log lines.
 * @throws The signal's reason when `signal` aborts.
 */
export async function waitUntilReady(
  running: RunningProcess,
  { url, timeoutMs }: Readiness,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  async function answers(): Promise<boolean> {
    if (await answersOk(url, signal)) return true
    signal.throwIfAborted()
    if (performance.now() > deadline) throw notReady(running, url, timeoutMs)
    return false
  }
  await waitUntilSaid(running, answers, signal)
}

/**
 * Asks until a part is ready.
 *
 * @throws {StackError} The process ended first, told at once.
 * @throws The signal's reason when `signal` aborts, and what `isReady` throws.
 */
export async function waitUntilSaid(
  running: RunningProcess,
  isReady: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const ended = running.exited.then((code) => code)
  for (;;) {
    const answer = await Promise.race([ended, isReady()])
    signal.throwIfAborted()
    if (typeof answer === 'number') throw processEnded(running, answer)
    if (answer) return
    await delay(pollMs, undefined, { signal })
  }
}

async function answersOk(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2000)]) })
    await response.body?.cancel()
    return response.status === 200
  } catch {
    return false
  }
}

function notReady({ name, logFile }: RunningProcess, url: string, timeoutMs: number): StackError {
  return new StackError(`${name} does not answer 200 at ${url} after ${timeoutMs / 1000} s`, {
    logFile,
    lastLogLines: lastLines(logFile),
  })
}
