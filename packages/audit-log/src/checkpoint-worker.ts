import { parentPort, workerData } from 'node:worker_threads'
import { openCheckpointWriter } from './checkpoint-writer.ts'

/** What the worker is asked, and what it answers. Without `end`: stop. */
export interface CheckpointRequest {
  end?: number
}
export type CheckpointAnswer = { note: string } | { problem: string } | { closed: true }

const { logPath, keyFile, origin } = workerData as { logPath: string; keyFile: string; origin: string }
const opening = openCheckpointWriter(logPath, keyFile, origin)
let last: Promise<unknown> = opening.catch(() => {})

async function answer({ end }: CheckpointRequest): Promise<CheckpointAnswer> {
  try {
    const writer = await opening
    if (end !== undefined) return { note: await writer.write(end) }
    await writer.close()
    return { closed: true }
  } catch (cause) {
    return end === undefined ? { closed: true } : { problem: (cause as Error).message }
  }
}

parentPort?.on('message', (request: CheckpointRequest) => {
  last = last.then(async () => {
    const result = await answer(request)
    parentPort?.postMessage(result)
    if (request.end === undefined) parentPort?.close()
  })
})
