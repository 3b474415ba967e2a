import { isObject, isStrings } from '../claim-values.ts'
import type { SignedToken } from '../providers/issuer-profile.ts'
import { refuse } from '../token-error.ts'

/** Seconds since the epoch may have a fraction; the year 9999 is the end of time. */
const lastSecond = 253_402_300_799

const types = {
  string: { is: (value: unknown) => typeof value === 'string', says: 'a string' },
  time: {
    is: (value: unknown) => typeof value === 'number' && value >= 0 && value <= lastSecond,
    says: 'a number of seconds since the epoch',
  },
  stringOrStrings: {
    is: (value: unknown) => typeof value === 'string' || isStrings(value),
    says: 'a string or a list of strings',
  },
  object: { is: isObject, says: 'an object' },
} as const

/** Types of the claims that are registered or that decide something (RFC 7519 section 4.1, RFC 9068 section 2.2). */
const claimTypes: readonly (readonly [string, (typeof types)[keyof typeof types]])[] = [
  ['iss', types.string],
  ['sub', types.string],
  ['aud', types.stringOrStrings],
  ['exp', types.time],
  ['iat', types.time],
  ['nbf', types.time],
  ['jti', types.string],
  ['client_id', types.string],
  ['azp', types.string],
  ['sid', types.string],
  ['cnf', types.object],
  ['act', types.object],
]

/** Claims of the wrong type are refused, never read as something near. @throws {TokenError} `claim_invalid` */
export function checkClaimTypes({ claims }: SignedToken): void {
  for (const [name, type] of claimTypes) {
    const value = claims[name]
    if (value !== undefined && !type.is(value)) refuse('claim_invalid', `"${name}" must be ${type.says}`)
  }
}

/** Claims that the provider always gives must be there, and say something. @throws {TokenError} `claim_missing` */
export function checkRequiredClaims({ claims, profile }: SignedToken): void {
  for (const name of profile.requiredClaims) {
    const value = claims[name]
    if (value === undefined || value === '')
      refuse('claim_missing', `"${name}" is required in tokens of ${profile.issuer}`)
  }
}
