import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** Nonces that a resource server demands in proofs (RFC 9449 section 9). */
export interface DpopNonces {
  /** The nonce to use from now on. */
  current(): string
  /** Whether a proof with this nonce is fresh. */
  accepts(nonce: string): boolean
}

/** Settings of {@link createDpopNonces}. */
export interface DpopNonceSettings {
  /** At least 32 bytes, the same on all replicas. Default: random, so that each process has its own nonces. */
  readonly secret?: Uint8Array
  /** A nonce is accepted for one to two times as long. Default 120. */
  readonly lifetimeSeconds?: number
  /** Seconds since the epoch. Default: the time of this machine. */
  readonly clock?: () => number
}

/**
 * Makes nonces that need no memory: each is the number of its period and an HMAC of it.
 *
 * @throws {TypeError} The secret is too short.
 */
export function createDpopNonces(settings: DpopNonceSettings = {}): DpopNonces {
  const { secret = randomBytes(32), lifetimeSeconds = 120, clock = () => Date.now() / 1000 } = settings
  if (secret.length < 32) throw new TypeError('secret must have at least 32 bytes')
  const period = () => Math.floor(clock() / lifetimeSeconds)
  const nonceOf = (number: number) => createHmac('sha256', secret).update(`dpop nonce ${number}`).digest('base64url')
  return {
    current: () => nonceOf(period()),
    accepts: (nonce) => isSame(nonce, nonceOf(period())) || isSame(nonce, nonceOf(period() - 1)),
  }
}

function isSame(given: string, expected: string): boolean {
  return given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected))
}
