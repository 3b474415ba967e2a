import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import { requireSafeAddress } from '../loopback.ts'
import {
  RefusedSignalError,
  ReplayedSignalError,
  refuseSignal,
  SignalDeferredError,
  type SignalErrorCode,
} from './refused-signal.ts'
import type { ReplayMemory } from './replay-memory.ts'
import { signalAlgorithms, type Transmitter } from './transmitter.ts'

/** Longest message that is looked at, in characters. */
const longestMessage = 65_536
const compactForm = /^[\w-]+\.[\w-]+\.[\w-]+$/
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
    const { transmitter, keys, algorithms } =
      known.get(readIssuer(compact)) ?? refuseSignal('invalid_issuer', 'the issuer is not known here')
    const claims = await verifyClaims(compact, keys, {
      issuer: transmitter.issuer,
      audience: [...(rules.audience ?? [transmitter.audience].flat())],
      algorithms: [...algorithms],
      typ: rules.type,
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(clock() * 1000),
      requiredClaims: ['iss', 'aud', 'iat', 'jti', ...(rules.requiredClaims ?? [])],
    })
    checkClaims(claims, rules)
    if (replays.has(transmitter.issuer, claims.jti)) throw new ReplayedSignalError()
    const expiresAt = claims.iat + rules.maxAgeSeconds + clockToleranceSeconds
    return { transmitter, claims, settle: () => replays.add(transmitter.issuer, claims.jti, expiresAt) }
  }

  function checkClaims(claims: JWTPayload, rules: MessageRules): asserts claims is VerifiedMessage['claims'] {
    const { iat, jti } = claims
    if (typeof jti !== 'string' || jti === '') refuseSignal('invalid_request', '"jti" must be a text')
    if (typeof iat !== 'number' || !Number.isFinite(iat)) refuseSignal('invalid_request', '"iat" must be a number')
    if (iat > clock() + clockToleranceSeconds) refuseSignal('invalid_request', '"iat" is in the future')
    if (iat < clock() - rules.maxAgeSeconds - clockToleranceSeconds)
      refuseSignal('invalid_request', '"iat" is too long ago')
    const forbidden = (rules.forbiddenClaims ?? []).find((name) => claims[name] !== undefined)
    if (forbidden !== undefined) refuseSignal('invalid_request', `"${forbidden}" must not be there`)
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

/** Looks at the shape, and at nothing but the issuer: whose keys have to be asked is all that is wanted yet. */
function readIssuer(compact: string): string {
  if (compact.length > longestMessage || !compactForm.test(compact))
    refuseSignal('invalid_request', 'expected a compact JWS')
  if (!compact.split('.').every(isCanonical)) refuseSignal('invalid_request', 'expected canonical base64url')
  try {
    const header = decodeProtectedHeader(compact)
    const { iss } = decodeJwt(compact)
    if (header.crit === undefined && typeof iss === 'string') return iss
  } catch {
    // Whatever it was, it is refused below.
  }
  return refuseSignal('invalid_request', 'expected a signed message with an issuer')
}

function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part
}

const codesByClaim: Readonly<Record<string, SignalErrorCode>> = { iss: 'invalid_issuer', aud: 'invalid_audience' }

async function verifyClaims(
  compact: string,
  keys: JWTVerifyGetKey,
  options: Parameters<typeof jwtVerify>[2],
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(compact, keys, options)
    return payload
  } catch (error) {
    if (error instanceof errors.JWTClaimValidationFailed) {
      return refuseSignal(
        codesByClaim[error.claim] ?? 'invalid_request',
        `"${error.claim}" is missing or not acceptable`,
      )
    }
    if (error instanceof errors.JWTExpired) return refuseSignal('invalid_request', '"exp" has passed')
    if (isKeyProblem(error)) return refuseSignal('invalid_key', 'the key or the signature is not acceptable')
    if (error instanceof RefusedSignalError) throw error
    if (error instanceof errors.JWTInvalid) return refuseSignal('invalid_request', 'expected a signed JWT')
    throw new SignalDeferredError('the keys of the transmitter cannot be had', { cause: error })
  }
}

function isKeyProblem(error: unknown): boolean {
  return (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWSInvalid
  )
}
