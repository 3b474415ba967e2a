import { parentPort, workerData } from 'node:worker_threads'
import { type CheckpointWriterOptions, openCheckpointWriter } from './checkpoint-writer.ts'

/** How many records to sign. Without `size`: close. */
export interface CheckpointRequest {
  size?: number
}
export type CheckpointAnswer = { note: string } | { problem: string } | { done: true }

const opening = openCheckpointWriter(workerData as CheckpointWriterOptions)
let last: Promise<unknown> = opening.catch(() => {})

async function answer({ size }: CheckpointRequest): Promise<CheckpointAnswer> {
  try {
    const writer = await opening
    if (size !== undefined) return { note: await writer.write(size) }
    await writer.close()
    return { done: true }
  } catch (cause) {
    return { problem: (cause as Error).message }
  }
}

parentPort?.on('message', (request: CheckpointRequest) => {
  last = last.then(async () => {
    parentPort?.postMessage(await answer(request))
    if (request.size === undefined) parentPort?.close()
  })
})
parentPort?.postMessage({ done: true } satisfies CheckpointAnswer)
