import { refuse, type TokenErrorDetails } from '../token-error.ts'

/** The claims that say when a token is good, in seconds since the epoch. */
export interface TokenTimes {
  readonly expiresAt: number
  readonly notBefore: number | undefined
  readonly issuedAt: number | undefined
}

/**
 * A token is good before `exp` and from `nbf` on, give or take the tolerance, and was not issued in the future
 * (RFC 7519 sections 4.1.4 to 4.1.6).
 *
 * @throws {TokenError} `expired`, `not_yet_valid`, `issued_in_future`.
 */
export function checkTimes(
  { expiresAt, notBefore = 0, issuedAt = 0 }: TokenTimes,
  now: number,
  toleranceSeconds: number,
): void {
  if (now >= expiresAt + toleranceSeconds)
    refuse('expired', `the token expired ${Math.round(now - expiresAt)} seconds ago`)
  if (now < notBefore - toleranceSeconds) {
    refuse('not_yet_valid', `the token is not valid for another ${Math.round(notBefore - now)} seconds`)
  }
  if (now < issuedAt - toleranceSeconds) {
    refuse('issued_in_future', `"iat" is ${Math.round(issuedAt - now)} seconds ahead of this clock`)
  }
}

/** A token must not end before it begins. @throws {TokenError} `claim_invalid` */
export function checkTimeOrder({ expiresAt, notBefore = 0, issuedAt = 0 }: TokenTimes): void {
  if (expiresAt > issuedAt && expiresAt > notBefore) return
  refuse('claim_invalid', '"exp" must be later than "iat" and "nbf"')
}

/**
 * A token must not live longer than the resource server accepts, whatever its issuer is set to.
 *
 * @param lifetimeSeconds From `iat` to `exp`.
 * @throws {TokenError} `lifetime_too_long`
 */
export function checkLifetime(lifetimeSeconds: number, ceilingSeconds: number, details?: TokenErrorDetails): void {
  if (lifetimeSeconds <= ceilingSeconds) return
  refuse(
    'lifetime_too_long',
    `the token lives ${Math.round(lifetimeSeconds)} seconds, accepted are ${ceilingSeconds}`,
    details,
  )
}
