import { startWorker } from './ask-worker.ts'
import { AuditLogError } from './audit-errors.ts'
import type { CheckpointAnswer, CheckpointMade, CheckpointRequest } from './checkpoint-worker.ts'
import type { CheckpointWriterOptions } from './checkpoint-writer.ts'

export interface Checkpointer {
  /** Says that the log has grown; a checkpoint follows within the interval. */
  grown(size: number): void
  /** Makes a checkpoint of the first `size` records now, or finds the one that covers them. */
  now(size: number): Promise<CheckpointMade>
  /** Proves a record under the newest checkpoint; if that does not cover it, under one of the first `size` records. */
  prove(sequence: number, size: number): Promise<Required<CheckpointMade>>
  /** Makes the last checkpoint and ends the thread. */
  close(size: number): Promise<void>
}

export interface CheckpointerOptions extends CheckpointWriterOptions {
  intervalMs: number
  /** Told when a checkpoint could not be made; the log itself goes on. */
  onProblem: (problem: string) => void
}

/**
 * Makes checkpoints in a thread of its own, so that hashing and signing take no time from calls.
 *
 * @throws {AuditLogError} The key cannot be used, or the newest checkpoint or its tiles are not this key's.
 */
export async function startCheckpointer(settings: CheckpointerOptions): Promise<Checkpointer> {
  const { intervalMs, onProblem, ...options } = settings
  const file = new URL('./checkpoint-worker.ts', import.meta.url)
  const worker = startWorker<CheckpointRequest, CheckpointAnswer>(file, options)
  const started = await worker.started
  if ('problem' in started) {
    await worker.ask({}).catch(() => {})
    throw new AuditLogError(`the audit log cannot be signed: ${started.problem}`)
  }
  let timer: NodeJS.Timeout | undefined
  let newest = 0
  let made = -1

  async function ask(request: CheckpointRequest): Promise<CheckpointMade> {
    const answer = await worker.ask(request)
    if (!('note' in answer)) throw new Error('problem' in answer ? answer.problem : 'the log is closed')
    return answer
  }

  async function now(size: number): Promise<CheckpointMade> {
    const answer = await ask({ size })
    made = Math.max(made, size)
    return answer
  }

  function report(cause: unknown): void {
    onProblem((cause as Error).message)
  }

  return {
    now,
    async prove(sequence, size) {
      const covered = Math.max(made, 0)
      const { proof = [], ...rest } = await ask({ size: sequence <= covered ? covered : size, prove: sequence })
      return { proof, ...rest }
    },
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
