import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/** So many requests in so many seconds. */
export interface RateLimit {
  /** 1 or more. */
  readonly requests: number
  /** Length of the window in seconds, 1 or more. */
  readonly seconds: number
}

/** Limits before and after authentication; what is absent is not limited. */
export interface RateLimitSettings {
  /** Counts every request of one peer address, before anything is read or verified. */
  readonly perAddress?: RateLimit | RateLimiterAbstract | undefined
  /** Counts the calls of one caller (issuer and subject) to one tool. */
  readonly perCallerAndTool?: RateLimit | RateLimiterAbstract | undefined
}

/** Counts one request; resolves with the seconds to wait when it is one too many. */
export type CountRequest = (key: string) => Promise<number | undefined>

/**
 * Makes a counter from a limit, kept in memory, or from a limiter of rate-limiter-flexible of your own, which several
 * replicas can share. A limiter whose store fails lets nothing through: its error is passed on.
 *
 * @throws {TypeError} The limit is not of whole numbers of at least 1.
 */
export function createRequestCounter(limit: RateLimit | RateLimiterAbstract, setting: string): CountRequest {
  const limiter = isLimiter(limit) ? limit : createMemoryLimiter(limit, setting)
  return (key) => limiter.consume(key).then(mayGoOn, secondsToWait)
}

function mayGoOn(): undefined {}

function secondsToWait(rejection: unknown): number {
  if (!(rejection instanceof RateLimiterRes)) throw rejection
  return Math.max(1, Math.ceil(rejection.msBeforeNext / 1000))
}

function isLimiter(limit: RateLimit | RateLimiterAbstract): limit is RateLimiterAbstract {
  return 'consume' in limit
}

function createMemoryLimiter(limit: RateLimit, setting: string): RateLimiterAbstract {
  for (const value of [limit.requests, limit.seconds]) {
    if (!Number.isInteger(value) || value < 1) throw new TypeError(`${setting} needs whole numbers of at least 1`)
  }
  return new RateLimiterMemory({ points: limit.requests, duration: limit.seconds })
}
