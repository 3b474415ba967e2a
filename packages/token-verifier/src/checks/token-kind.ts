import type { SignedToken } from '../providers/issuer-profile.ts'
import { refuse } from '../token-error.ts'

/**
 * `typ` in the header must be one that the provider gives access tokens (RFC 9068 section 4, RFC 8725 section 3.11).
 *
 * @throws {TokenError} `not_an_access_token`
 */
export function checkHeaderType({ header, profile }: SignedToken): void {
  if (header === undefined || profile.headerTypes.includes(header.type)) return
  const accepted = profile.headerTypes.map((type) => type ?? 'none').join(' or ')
  refuse('not_an_access_token', `"typ" in the header must be ${accepted}, found ${header.type ?? 'none'}`)
}

/**
 * Claims that only other kinds of token have: logout tokens and security events have `events`, DPoP proofs `htm` and
 * `htu`, ID tokens `at_hash` or `c_hash`.
 *
 * @throws {TokenError} `not_an_access_token`
 */
export function checkForeignClaims({ claims }: SignedToken): void {
  const { events, htm, at_hash: accessTokenHash, c_hash: codeHash } = claims
  if (events !== undefined) refuseForeign('events', 'security event tokens and logout tokens')
  if (htm !== undefined) refuseForeign('htm', 'DPoP proofs')
  if (accessTokenHash !== undefined) refuseForeign('at_hash', 'ID tokens')
  if (codeHash !== undefined) refuseForeign('c_hash', 'ID tokens')
}

function refuseForeign(name: string, kind: string): never {
  refuse('not_an_access_token', `"${name}" is a claim of ${kind}`)
}

/** The client must be one of those that may call. @throws {TokenError} `client_not_allowed` */
export function checkClient({ profile }: SignedToken, clientId: string): void {
  if (profile.clientIds === undefined || profile.clientIds.includes(clientId)) return
  refuse('client_not_allowed', `the client must be one of ${profile.clientIds.join(', ')}, found ${clientId}`)
}
