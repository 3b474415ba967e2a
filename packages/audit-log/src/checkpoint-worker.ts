import { parentPort, workerData } from 'node:worker_threads'
import { type CheckpointWriterOptions, openCheckpointWriter } from './checkpoint-writer.ts'

/** How many records to sign, and which one to prove under the result. Without `size`: close. */
export interface CheckpointRequest {
  size?: number
  prove?: number
}

/** A signed note, the key to check it with, and the proof that was asked for. */
export interface CheckpointMade {
  note: string
  verifierKey: string
  proof?: Uint8Array[]
}
export type CheckpointAnswer = CheckpointMade | { problem: string } | { done: true }

const opening = openCheckpointWriter(workerData as CheckpointWriterOptions)
const started: Promise<CheckpointAnswer> = opening.then(
  () => ({ done: true }),
  (cause: Error) => ({ problem: cause.message }),
)
let last: Promise<unknown> = started

async function answer({ size, prove }: CheckpointRequest): Promise<CheckpointAnswer> {
  try {
    const writer = await opening
    if (size !== undefined) {
      const note = await writer.write(size)
      const { verifierKey } = writer
      return prove === undefined ? { note, verifierKey } : { ...(await writer.prove(prove)), verifierKey }
    }
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
parentPort?.postMessage(await started)
