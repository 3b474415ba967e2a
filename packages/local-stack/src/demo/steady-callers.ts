import { setInterval } from 'node:timers/promises'
import { callWithToken } from './stopwatch.ts'

/** Of each caller. */
const paceMs = 50

/** People's agents, who call a server all the while something happens to it. */
export function startSteadyCallers(resource: string) {
  const stopping = new AbortController()
  const calling: Promise<void>[] = []

  async function callOn(token: string, statuses: number[]): Promise<void> {
    for await (const _ of setInterval(paceMs)) {
      if (stopping.signal.aborted) return
      const status = callWithToken(resource, token).then(
        (answer) => answer.status,
        () => 0,
      )
      statuses.push(await status)
    }
  }

  return {
    /** Calls with each of these tokens from now on. @returns the statuses as they come; 0 stands for no answer. */
    call(tokens: readonly string[]): readonly number[] {
      const statuses: number[] = []
      calling.push(...tokens.map((token) => callOn(token, statuses)))
      return statuses
    },
    async stop(): Promise<void> {
      stopping.abort()
      await Promise.all(calling)
    },
  }
}

/** How often each status came. */
export function tally(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
