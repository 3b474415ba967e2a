import { fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type SentSignal, sendSignal } from './signal-relay.ts'

/** A flood of signals. */
export interface SignalFlood {
  /** Sent in turn, over and over. */
  signals: readonly SentSignal[]
  /** Of the replica that has to bear it. */
  port: number
  floodMs: number
  floodPerSecond: number
}

const nobodyAnswered = 599

/**
 * Sends it from a process of its own: from this one, the calls that are measured beside it would wait for its turn.
 *
 * @returns How often each status came; 599: no answer.
 * @throws {Error} The process ended before.
 */
export function floodSignals(flood: SignalFlood): Promise<Map<number, number>> {
  const child = fork(fileURLToPath(import.meta.url), { serialization: 'advanced' })
  child.send(flood)
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`the flood ended with ${code}`)))
  })
}

async function sendAll({ signals, port, floodMs, floodPerSecond }: SignalFlood): Promise<Map<number, number>> {
  const answers = new Map<number, number>()
  const count = (status: number): void => void answers.set(status, (answers.get(status) ?? 0) + 1)
  const underWay: Promise<void>[] = []
  const startedAt = performance.now()
  for (let sent = 0; performance.now() - startedAt < floodMs; sent += 1) {
    const due = startedAt + (sent * 1_000) / floodPerSecond
    if (due > performance.now()) await sleep(due - performance.now())
    const sending = sendSignal(signals[sent % signals.length] as SentSignal, port)
    underWay.push(
      sending.then(
        ({ status }) => count(status),
        () => count(nobodyAnswered),
      ),
    )
  }
  await Promise.all(underWay)
  return answers
}

/** The other side: what {@link floodSignals} starts. */
function serve(): void {
  process.once('message', async (flood: SignalFlood) => {
    process.send?.(await sendAll(flood), () => process.exit(0))
  })
  process.once('disconnect', () => process.exit(1))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) serve()
