import { isObject, isStrings } from '../claim-values.ts'
import type { SignedToken } from '../providers/issuer-profile.ts'
import { refuse } from '../token-error.ts'

/** Seconds since the epoch may have a fraction; the year 9999 is the end of time. */
const lastSecond = 253_402_300_799

/**
 * Claims of the wrong type are refused, never read as something near (RFC 7519 section 4.1, RFC 9068 section 2.2).
 *
 * @throws {TokenError} `claim_invalid`
 */
export function checkClaimTypes({ claims }: SignedToken): void {
  // One by one and by name: every token passes here, and a loop over names takes several times as long.
  const { iss, sub, aud, exp, iat, nbf, jti, client_id: clientId, azp, sid, cnf } = claims
  if (!isTextOrAbsent(iss)) refuseType('iss', text)
  if (!isTextOrAbsent(sub)) refuseType('sub', text)
  if (aud !== undefined && typeof aud !== 'string' && !isStrings(aud))
    refuseType('aud', 'a string or a list of strings')
  if (!isTimeOrAbsent(exp)) refuseType('exp', time)
  if (!isTimeOrAbsent(iat)) refuseType('iat', time)
  if (!isTimeOrAbsent(nbf)) refuseType('nbf', time)
  if (!isTextOrAbsent(jti)) refuseType('jti', text)
  if (!isTextOrAbsent(clientId)) refuseType('client_id', text)
  if (!isTextOrAbsent(azp)) refuseType('azp', text)
  if (!isTextOrAbsent(sid)) refuseType('sid', text)
  if (cnf !== undefined && !isObject(cnf)) refuseType('cnf', 'an object')
}

const text = 'a string'
const time = 'a number of seconds since the epoch'

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function isTimeOrAbsent(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && value >= 0 && value <= lastSecond)
}

function refuseType(name: string, expected: string): never {
  refuse('claim_invalid', `"${name}" must be ${expected}`)
}

/** Claims that the provider always gives must be there, and say something. @throws {TokenError} `claim_missing` */
export function checkRequiredClaims({ claims, profile }: SignedToken): void {
  for (const name of profile.requiredClaims) {
    const value = claims[name]
    if (value === undefined || value === '')
      refuse('claim_missing', `"${name}" is required in tokens of ${profile.issuer}`)
  }
}
