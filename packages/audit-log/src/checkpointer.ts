import { Worker } from 'node:worker_threads'
import type { CheckpointAnswer, CheckpointRequest } from './checkpoint-worker.ts'

export interface Checkpointer {
  /** Says that the log has grown; a checkpoint follows within the interval. */
  grown(end: number): void
  /** Makes a checkpoint of the log's first `end` bytes now and returns the signed note. */
  now(end: number): Promise<string>
  /** Makes the last checkpoint and ends the thread. */
  close(end: number): Promise<void>
}

export interface CheckpointerOptions {
  logPath: string
  keyFile: string
  origin: string
  intervalMs: number
  /** Told when a checkpoint could not be made; the log itself goes on. */
  onProblem: (problem: string) => void
}

/** Makes checkpoints in a thread of its own, so that hashing and signing take no time from calls. */
export function startCheckpointer(options: CheckpointerOptions): Checkpointer {
  const { intervalMs, onProblem, ...workerData } = options
  const worker = new Worker(new URL('./checkpoint-worker.ts', import.meta.url), { workerData })
  worker.unref()
  const waiting: ((answer: CheckpointAnswer) => void)[] = []
  worker.on('message', (answer: CheckpointAnswer) => waiting.shift()?.(answer))
  worker.on('error', (cause) => {
    for (const answer of waiting.splice(0)) answer({ problem: String(cause) })
  })
  let timer: NodeJS.Timeout | undefined
  let newest = 0
  let made = 0

  function ask(request: CheckpointRequest): Promise<CheckpointAnswer> {
    worker.ref()
    return new Promise<CheckpointAnswer>((resolve) => {
      waiting.push(resolve)
      worker.postMessage(request)
    }).finally(() => {
      if (waiting.length === 0) worker.unref()
    })
  }

  async function now(end: number): Promise<string> {
    const answer = await ask({ end })
    if (!('note' in answer)) throw new Error('problem' in answer ? answer.problem : 'the log is closed')
    made = end
    return answer.note
  }

  function report(cause: unknown): void {
    onProblem((cause as Error).message)
  }

  return {
    now,
    grown(end) {
      newest = end
      timer ??= setTimeout(() => {
        timer = undefined
        now(newest).catch(report)
      }, intervalMs).unref()
    },
    async close(end) {
      clearTimeout(timer)
      if (made !== end) await now(end).catch(report)
      await ask({})
    },
  }
}
