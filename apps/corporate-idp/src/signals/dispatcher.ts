import type { Logger } from 'pino'
import type { Outbox } from './outbox.ts'
import type { Signal, SignalKind } from './signal.ts'

/**
 * Sends one kind of signal. Returns a remark when there was something special; throws when it must be sent again.
 *
 * @param changedAtMs When the change was made that it tells of, in milliseconds since the epoch.
 */
export type Send = (username: string, changedAtMs: number) => Promise<string | undefined>

/** Runs `action` after `delayMs` and returns what cancels it. */
export type Schedule = (delayMs: number, action: () => void) => () => void

export interface DispatcherOptions {
  outbox: Outbox
  send: Record<SignalKind, Send>
  log: Logger
  /** Milliseconds since the epoch. */
  clock?: () => number
  schedule?: Schedule
  /** From 0 to 1; spreads retries. */
  random?: () => number
}

export interface Dispatcher {
  /** Sends what is due. Call it after adding to the outbox. */
  kick(): void
  /**
   * Resolves when each of the signals was tried once, or waits for one that was tried and failed, or when `timeoutMs`
   * is over.
   */
  firstAttempts(ids: readonly number[], timeoutMs: number): Promise<void>
  /** Resolves when nothing is being sent at this moment; what waits for its next attempt does not count. */
  idle(): Promise<void>
  /** Lets running requests end, starts no new ones. What is still pending is sent after the next start. */
  stop(): Promise<void>
}

const firstRetryMs = 200
const slowestRetryMs = 30_000

/** What must not run side by side for one person: two requests that set the same thing in Keycloak. */
const lane: Record<SignalKind, string> = {
  scim_inactive: 'active',
  scim_active: 'active',
  scim_groups: 'groups',
  scim_person: 'person',
  scim_delete: 'person',
  backchannel_logout: 'logout by token',
  resource_server_logout: 'logout at resource servers',
  admin_logout: 'logout by administrator',
}

/**
 * Sends the signals of the outbox, each until it is done: at once, then after 0.2 s, 0.4 s … at most 30 s, a little
 * spread. Signals of different people and different kinds run side by side; those that come after others wait for them.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { outbox, send, log, clock = Date.now, schedule = scheduleTimer, random = Math.random } = options
  const running = new Map<string, Promise<void>>()
  const waiting = new Set<() => void>()
  let stopped = false
  let cancelTimer = () => {}

  function kick(): void {
    if (stopped) return
    // One moment for both questions: a signal that comes due between them would be in neither answer.
    const nowMs = clock()
    for (const signal of outbox.ready(nowMs)) start(signal)
    cancelTimer()
    const dueAtMs = outbox.nextDueAtMs(nowMs)
    if (dueAtMs !== undefined) cancelTimer = schedule(dueAtMs - nowMs, kick)
    for (const check of waiting) check()
  }

  function start(signal: Signal): void {
    const key = `${signal.username} ${lane[signal.kind]}`
    if (running.has(key)) return
    running.set(
      key,
      attempt(signal).finally(() => {
        running.delete(key)
        kick()
      }),
    )
  }

  async function attempt(signal: Signal): Promise<void> {
    const { id, username, kind } = signal
    const about = { signal: id, username, kind, attempt: signal.attempts + 1 }
    const startedAtMs = clock()
    try {
      const remark = await send[kind](username, signal.createdAtMs)
      outbox.done(id, remark)
      const finishedAtMs = clock()
      log.info(
        { ...about, ms: finishedAtMs - startedAtMs, since_change_ms: finishedAtMs - signal.createdAtMs, remark },
        'signal sent',
      )
    } catch (error) {
      const delayMs = retryDelayMs(signal.attempts, random())
      const problem = error instanceof Error ? error.message : String(error)
      outbox.failed(id, problem, clock() + delayMs)
      log.warn(
        { ...about, ms: clock() - startedAtMs, problem, retry_in_ms: delayMs },
        'signal failed, will be sent again',
      )
    }
  }

  async function idle(): Promise<void> {
    while (running.size > 0) await Promise.all(running.values())
  }

  function wasTried(id: number): boolean {
    const signal = outbox.find(id)
    if (signal === undefined || signal.state !== 'pending' || signal.attempts > 0) return true
    return signal.after.some((earlier) => {
      const other = outbox.find(earlier)
      return other?.state === 'pending' && wasTried(earlier)
    })
  }

  return {
    kick,
    firstAttempts: (ids, timeoutMs) =>
      new Promise((resolve) => {
        const finish = () => {
          waiting.delete(check)
          cancel()
          resolve()
        }
        const check = () => {
          if (ids.every(wasTried)) finish()
        }
        const cancel = schedule(timeoutMs, finish)
        waiting.add(check)
        check()
      }),
    idle,
    async stop() {
      stopped = true
      cancelTimer()
      await idle()
    },
  }
}

/** Exponential, with half of the delay left to chance. */
export function retryDelayMs(failures: number, random: number): number {
  const longest = Math.min(slowestRetryMs, firstRetryMs * 2 ** Math.min(failures, 20))
  return Math.round(longest * (0.5 + random / 2))
}

/** A timer of the machine. */
export function scheduleTimer(delayMs: number, action: () => void): () => void {
  const timer = setTimeout(action, delayMs)
  return () => clearTimeout(timer)
}
