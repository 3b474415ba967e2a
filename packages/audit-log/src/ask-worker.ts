import { Worker } from 'node:worker_threads'

/** A thread that answers one request after the other. */
export interface AskedWorker<Request, Answer> {
  ask(request: Request): Promise<Answer>
  /** Resolves with what the thread says when it has started. */
  started: Promise<Answer>
}

/**
 * Starts a thread that posts one message when it is ready and one for each request, in order. It keeps the process
 * alive only while an answer is awaited. If it dies, all that is awaited rejects, and later requests too.
 */
export function startWorker<Request, Answer>(file: URL, workerData: unknown): AskedWorker<Request, Answer> {
  const worker = new Worker(file, { workerData })
  const waiting: { resolve: (answer: Answer) => void; reject: (cause: unknown) => void }[] = []
  let failure: unknown

  function fail(cause: unknown): void {
    failure ??= cause
    for (const { reject } of waiting.splice(0)) reject(failure)
  }
  worker.on('message', (answer: Answer) => waiting.shift()?.resolve(answer))
  worker.on('error', fail)
  worker.on('exit', () => fail(new Error('the thread has ended')))

  function next(): Promise<Answer> {
    if (failure !== undefined) return Promise.reject(failure)
    worker.ref()
    return new Promise<Answer>((resolve, reject) => waiting.push({ resolve, reject })).finally(() => {
      if (waiting.length === 0) worker.unref()
    })
  }

  const started = next()
  started.catch(() => {})
  return {
    started,
    ask(request) {
      const answer = next()
      if (failure === undefined) worker.postMessage(request)
      return answer
    },
  }
}
