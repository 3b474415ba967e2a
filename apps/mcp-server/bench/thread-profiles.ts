import { readdirSync, readFileSync } from 'node:fs'
import { type Profiler, Session } from 'node:inspector'

/** Where the processor time of one thread went. */
export interface ThreadProfile {
  /** `main`, or the file that the thread runs. */
  readonly thread: string
  readonly profile: Profiler.Profile
}

/** Processor time of every thread of this process so far, in microseconds, by its number and name. Linux only. */
export function cpuByThread(): Record<string, number> {
  return Object.fromEntries(
    readdirSync('/proc/self/task').map((task) => {
      const [ns] = readFileSync(`/proc/self/task/${task}/schedstat`, 'utf8').split(' ')
      return [`${task} ${readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim()}`, Number(ns) / 1000]
    }),
  )
}

interface Workers {
  post(method: string, params?: object): Promise<unknown>
  on(event: string, listener: (message: { params: Record<string, never> }) => void): void
}

/** Profiles all threads from now on, those of workers included. @returns what ends it. */
export async function profileThreads(): Promise<() => Promise<ThreadProfile[]>> {
  const session = new Session()
  session.connect()
  const ask = (method: string, params: object = {}): Promise<unknown> =>
    new Promise((resolve, reject) =>
      session.post(method, params, (error, answer) => (error === null ? resolve(answer) : reject(error))),
    )
  const workers = await attachWorkers({ post: ask, on: (event, listener) => session.on(event, listener as never) })
  const askAll = async (method: string, params?: object): Promise<{ thread: string; answer: unknown }[]> => [
    { thread: 'main', answer: await ask(method, params) },
    ...(await Promise.all(workers.map(async ({ thread, post }) => ({ thread, answer: await post(method, params) })))),
  ]
  await askAll('Profiler.enable')
  await askAll('Profiler.setSamplingInterval', { interval: 200 })
  await askAll('Profiler.start')
  return async () => {
    const stopped = await askAll('Profiler.stop')
    session.disconnect()
    return stopped.map(({ thread, answer }) => ({ thread, profile: (answer as Profiler.StopReturnType).profile }))
  }
}

interface AttachedWorker {
  readonly thread: string
  post(method: string, params?: object): Promise<unknown>
}

async function attachWorkers(session: Workers): Promise<AttachedWorker[]> {
  const found: { sessionId: string; url: string }[] = []
  const waiting = new Map<string, (answer: unknown) => void>()
  let last = 0
  session.on('NodeWorker.attachedToWorker', ({ params }) => {
    const { sessionId, workerInfo } = params as unknown as { sessionId: string; workerInfo: { url: string } }
    found.push({ sessionId, url: workerInfo.url })
  })
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
    const { sessionId, message } = params as unknown as { sessionId: string; message: string }
    const { id, result } = JSON.parse(message) as { id?: number; result?: unknown }
    waiting.get(`${sessionId} ${id}`)?.(result)
  })
  await session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
  return found.map(({ sessionId, url }) => ({
    thread: url.split('/').at(-1) ?? url,
    post: (method, params = {}) => {
      last += 1
      const id = last
      const answered = new Promise((resolve) => waiting.set(`${sessionId} ${id}`, resolve))
      const message = JSON.stringify({ id, method, params })
      return session.post('NodeWorker.sendMessageToWorker', { sessionId, message }).then(() => answered)
    },
  }))
}
