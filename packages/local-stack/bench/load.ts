import { setTimeout as sleep } from 'node:timers/promises'
import type { ToolCall } from '../src/doors/door.ts'
import { type Distribution, distributionOf } from './distribution.ts'
import type { ReplicaCaller } from './replica-calls.ts'

/** What a load was answered. */
export interface LoadResult {
  /** Milliseconds of the calls that were allowed. */
  milliseconds: Distribution
  refused: number
  failed: number
}

export interface Load {
  /** What came since the beginning, or since the last look. */
  look(): LoadResult
  /** Ends it, and waits for the calls under way. */
  end(): Promise<LoadResult>
}

export interface LoadOptions {
  callers: readonly ReplicaCaller[]
  tool: ToolCall
  firstToken: string
  newToken(): Promise<string>
  perSecond: number
}

/** An access token of the realm lives five minutes. */
const renewTokenMs = 120_000

/** An open loop: calls begin at random moments, whether or not those before were answered. */
export function startLoad({ callers, tool, firstToken, newToken, perSecond }: LoadOptions): Load {
  let token = firstToken
  const renewal = setInterval(() => {
    newToken().then(
      (renewed) => {
        token = renewed
      },
      () => {},
    )
  }, renewTokenMs)
  let milliseconds: number[] = []
  let refused = 0
  let failed = 0
  let going = true
  const running = new Set<Promise<void>>()

  async function call(caller: ReplicaCaller): Promise<void> {
    const startedAt = performance.now()
    try {
      if (await caller.isRefused(token, tool)) refused += 1
      else milliseconds.push(performance.now() - startedAt)
    } catch {
      failed += 1
    }
  }

  const startedAt = performance.now()
  const loop = (async () => {
    for (let count = 0, due = startedAt; going; count += 1) {
      due += (-Math.log(1 - Math.random()) * 1_000) / perSecond
      const wait = due - performance.now()
      if (wait > 1) await sleep(wait)
      const made = call(callers[count % callers.length] as ReplicaCaller)
      running.add(made)
      made.finally(() => running.delete(made))
    }
  })()

  function look(): LoadResult {
    const seen = { milliseconds: distributionOf(milliseconds), refused, failed }
    milliseconds = []
    refused = 0
    failed = 0
    return seen
  }

  return {
    look,
    async end() {
      going = false
      clearInterval(renewal)
      await loop
      await Promise.all(running)
      return look()
    },
  }
}
