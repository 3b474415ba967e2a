import { startWorker } from './ask-worker.ts'
import type { CheckpointAnswer, CheckpointRequest } from './checkpoint-worker.ts'
import type { CheckpointWriterOptions } from './checkpoint-writer.ts'

export interface Checkpointer {
  /** Says that the log has grown; a checkpoint follows within the interval. */
  grown(size: number): void
  /** Makes a checkpoint of the first `size` records now and returns the signed note. */
  now(size: number): Promise<string>
  /** Makes the last checkpoint and ends the thread. */
  close(size: number): Promise<void>
}

export interface CheckpointerOptions extends CheckpointWriterOptions {
  intervalMs: number
  /** Told when a checkpoint could not be made; the log itself goes on. */
  onProblem: (problem: string) => void
}

/** Makes checkpoints in a thread of its own, so that hashing and signing take no time from calls. */
export function startCheckpointer({ intervalMs, onProblem, ...options }: CheckpointerOptions): Checkpointer {
  const file = new URL('./checkpoint-worker.ts', import.meta.url)
  const worker = startWorker<CheckpointRequest, CheckpointAnswer>(file, options)
  let timer: NodeJS.Timeout | undefined
  let newest = 0
  let made = -1

  async function now(size: number): Promise<string> {
    const answer = await worker.ask({ size })
    if (!('note' in answer)) throw new Error('problem' in answer ? answer.problem : 'the log is closed')
    made = size
    return answer.note
  }

  function report(cause: unknown): void {
    onProblem((cause as Error).message)
  }

  return {
    now,
    grown(size) {
      newest = size
      timer ??= setTimeout(() => {
        timer = undefined
        now(newest).catch(report)
      }, intervalMs).unref()
    },
    async close(size) {
      clearTimeout(timer)
      if (made !== size) await now(size).catch(report)
      await worker.ask({}).catch(() => {})
    },
  }
}
