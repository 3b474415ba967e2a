import { refuse } from '../token-error.ts'

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
  { expiresAt, notBefore, issuedAt }: TokenTimes,
  now: number,
  toleranceSeconds: number,
): void {
  if (now >= expiresAt + toleranceSeconds)
    refuse('expired', `the token expired ${Math.round(now - expiresAt)} seconds ago`)
  if (notBefore !== undefined && now < notBefore - toleranceSeconds) {
    refuse('not_yet_valid', `the token is not valid for another ${Math.round(notBefore - now)} seconds`)
  }
  if (issuedAt !== undefined && now < issuedAt - toleranceSeconds) {
    refuse('issued_in_future', `"iat" is ${Math.round(issuedAt - now)} seconds ahead of this clock`)
  }
}

/**
 * The times of a token must be in order, and not further apart than the resource server accepts, whatever the issuer
 * is set to.
 *
 * @throws {TokenError} `claim_invalid`, `lifetime_too_long`.
 */
export function checkLifetime(
  { expiresAt, notBefore, issuedAt }: TokenTimes,
  now: number,
  ceilingSeconds: number,
): void {
  const begin = issuedAt ?? notBefore ?? now
  if (expiresAt <= begin || (notBefore !== undefined && expiresAt <= notBefore)) {
    refuse('claim_invalid', '"exp" must be later than "iat" and "nbf"')
  }
  if (expiresAt - begin > ceilingSeconds) {
    refuse(
      'lifetime_too_long',
      `the token lives ${Math.round(expiresAt - begin)} seconds, accepted are ${ceilingSeconds}`,
    )
  }
}
