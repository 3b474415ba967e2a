import { createRemoteJWKSet, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import { requireSafeAddress } from '../loopback.ts'
import { ReplayedSignalError, refuseSignal, type SignalErrorCode } from './refused-signal.ts'
import type { ReplayMemory } from './replay-memory.ts'
import { readSignedMessage, type SignedMessage } from './signed-message.ts'
import { signalAlgorithms, type Transmitter } from './transmitter.ts'
import { verifySignature } from './verify-signature.ts'

const defaultAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const

/** What one kind of message has to bring. */
export interface MessageRules {
  /** Header `typ`, with or without `application/` in front. */
  type: string
  /** `aud` that is accepted. Default: that of the transmitter. */
  audience?: readonly string[]
  /** Beside `iss`, `aud`, `iat` and `jti`. */
  requiredClaims?: readonly string[]
  /** Claims that must not be there. */
  forbiddenClaims?: readonly string[]
  /** How long after `iat` a message is accepted, in seconds; also how long its `jti` is remembered. */
  maxAgeSeconds: number
}

export interface VerifiedMessage {
  transmitter: Transmitter
  claims: JWTPayload & { iss: string; iat: number; jti: string }
  /** Remembers the message as taken in. To be called when its effect is kept: until then it may come again. */
  settle(): void
}

export interface MessageVerifier {
  /**
   * Verifies a signed message: shape, issuer, signature, type, audience, times, claims, and that it is new.
   *
   * @throws {RefusedSignalError} It is not acceptable.
   * @throws {SignalDeferredError} The transmitter's keys cannot be had.
   */
  verify(compact: string, rules: MessageRules): Promise<VerifiedMessage>
}

export interface MessageVerifierOptions {
  transmitters: readonly Transmitter[]
  replays: ReplayMemory
  /** Seconds since the epoch. */
  clock: () => number
  clockToleranceSeconds: number
}

/**
 * Verifies what transmitters sign (RFC 8417, RFC 7519, RFC 8725).
 *
 * @throws {TypeError} A transmitter has no keys, keys over http, or an algorithm that is not for signals.
 */
export function createMessageVerifier(options: MessageVerifierOptions): MessageVerifier {
  const { replays, clock, clockToleranceSeconds } = options
  const known = new Map(options.transmitters.map((transmitter) => [transmitter.issuer, prepare(transmitter)]))

  async function verify(compact: string, rules: MessageRules): Promise<VerifiedMessage> {
    const message = readSignedMessage(compact)
    const { iss } = message.claims
    if (typeof iss !== 'string') return refuseSignal('invalid_request', 'expected a signed message with an issuer')
    const { transmitter, keys, algorithms } =
      known.get(iss) ?? refuseSignal('invalid_issuer', 'the issuer is not known here')
    await verifySignature(message, keys, algorithms)
    const claims = checkClaims(message, rules, transmitter)
    if (replays.has(transmitter.issuer, claims.jti)) throw new ReplayedSignalError()
    const expiresAt = claims.iat + rules.maxAgeSeconds + clockToleranceSeconds
    return { transmitter, claims, settle: () => replays.add(transmitter.issuer, claims.jti, expiresAt) }
  }

  /** Only what the signature was right for is looked at. */
  function checkClaims(
    { header, claims }: SignedMessage,
    rules: MessageRules,
    transmitter: Transmitter,
  ): VerifiedMessage['claims'] {
    const audiences = [rules.audience ?? transmitter.audience].flat()
    if (!isType(header.typ, rules.type)) refuseClaim('typ')
    const missing = ['iss', 'aud', 'iat', 'jti', ...(rules.requiredClaims ?? [])].find((name) => !(name in claims))
    if (missing !== undefined) refuseClaim(missing)
    if (!isAddressedTo(claims.aud, audiences)) refuseClaim('aud', 'invalid_audience')
    checkTimes(claims, rules)
    const { iss, iat, jti } = claims
    if (typeof jti !== 'string' || jti === '') return refuseSignal('invalid_request', '"jti" must be a text')
    const forbidden = (rules.forbiddenClaims ?? []).find((name) => claims[name] !== undefined)
    if (forbidden !== undefined) refuseSignal('invalid_request', `"${forbidden}" must not be there`)
    return { ...claims, iss: iss as string, iat: iat as number, jti }
  }

  /** RFC 7519 sections 4.1.4 to 4.1.6. */
  function checkTimes({ iat, nbf, exp }: JWTPayload, { maxAgeSeconds }: MessageRules): void {
    const now = clock()
    if (!isTime(iat)) refuseClaim('iat')
    if (nbf !== undefined && !(isTime(nbf) && nbf <= now + clockToleranceSeconds)) refuseClaim('nbf')
    if (exp !== undefined && !isTime(exp)) refuseClaim('exp')
    if (exp !== undefined && exp <= now - clockToleranceSeconds) refuseSignal('invalid_request', '"exp" has passed')
    if (iat > now + clockToleranceSeconds) refuseSignal('invalid_request', '"iat" is in the future')
    if (iat < now - maxAgeSeconds - clockToleranceSeconds) refuseSignal('invalid_request', '"iat" is too long ago')
  }

  return { verify }
}

function prepare(transmitter: Transmitter) {
  const algorithms = transmitter.algorithms ?? defaultAlgorithms
  const unknown = algorithms.find((name) => !signalAlgorithms.includes(name))
  if (algorithms.length === 0 || unknown !== undefined) {
    throw new TypeError(`algorithms of ${transmitter.issuer} must be among ${signalAlgorithms.join(', ')}`)
  }
  return { transmitter, algorithms, keys: transmitter.keys ?? remoteKeys(transmitter) }
}

/**
 * Unknown keys cost their issuer no more than two requests a second. Longer would hold up what a key signs that has just been
 * rotated in, and that may be the end of somebody's access.
 */
const keySetCooldownMs = 500

function remoteKeys({ issuer, jwksUri }: Transmitter): JWTVerifyGetKey {
  if (jwksUri === undefined) throw new TypeError(`the transmitter ${issuer} needs jwksUri or keys`)
  const url = new URL(requireSafeAddress(`jwksUri of the transmitter ${issuer}`, jwksUri))
  return createRemoteJWKSet(url, { timeoutDuration: 3_000, cooldownDuration: keySetCooldownMs, cacheMaxAge: 600_000 })
}

/** Media types are compared without regard to case, `application/` may be left out (RFC 7515 section 4.1.9). */
function isType(given: unknown, expected: string): boolean {
  return typeof given === 'string' && given.toLowerCase().replace(/^application\//, '') === expected
}

function isAddressedTo(given: unknown, audiences: readonly string[]): boolean {
  return audiences.some((audience) => (Array.isArray(given) ? given.includes(audience) : given === audience))
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function refuseClaim(name: string, code: SignalErrorCode = 'invalid_request'): never {
  return refuseSignal(code, `"${name}" is missing or not acceptable`)
}
