/**
 * Why a token is no longer accepted. The list is closed and only ever grows at its end: its order is part of the
 * snapshot format.
 */
export const cutOffCauses = [
  'account_disabled',
  'account_deleted',
  'logged_out',
  'session_ended',
  'token_revoked',
  'grant_revoked',
  'credential_changed',
  'client_disabled',
  'client_deleted',
  'not_before_raised',
  'all_sessions_ended',
  'realm_disabled',
  'events_lost',
  'table_full',
  'session_revoked',
  'token_claims_changed',
  'assurance_level_changed',
  'global_token_revocation',
  'identity_changed',
  'device_not_compliant',
] as const

/** One of {@link cutOffCauses}. */
export type CutOffCause = (typeof cutOffCauses)[number]

/**
 * Ends the tokens of one issuer that match every member given and were issued at or before `notBefore`.
 *
 * The narrowest member decides: `tokenId` alone names a token, `sessionId` a session (with `clientId`: that client's
 * part of it), `subject` a person or service (with `clientId`: only through that client), `email` whoever the tokens
 * describe by that address, `clientId` a client, and no member at all means every token of the issuer.
 */
export interface CutOff {
  /** The `iss` of the tokens, exactly as they carry it. */
  issuer: string
  subject?: string | undefined
  sessionId?: string | undefined
  tokenId?: string | undefined
  clientId?: string | undefined
  /** For senders that know people by address only. Compared without regard to case; can only refuse, never admit. */
  email?: string | undefined
  /** Seconds since the epoch, on the issuer's clock. Tokens with `iat` at or before it are refused: the same second counts as before. */
  notBefore: number
  cause: CutOffCause
  /** When this process learned of it, seconds since the epoch. For logs only. */
  receivedAt?: number | undefined
}

/** What changed about permissions, as far as the sender tells. For logs only. */
export type PermissionsChangeCause =
  | 'account_active'
  | 'account_updated'
  | 'groups_changed'
  | 'roles_changed'
  | 'token_claims_changed'

/**
 * Says that what a person may do has changed, while the tokens themselves stay good. Tokens issued at or before
 * `changedAt` must not be taken at their word: ask the authorization server for the permissions of today.
 *
 * Without `subject` and `group` it concerns every token of the issuer.
 */
export interface PermissionsChange {
  issuer: string
  subject?: string | undefined
  /** A group's name as tokens carry it: concerns the tokens that name this group. */
  group?: string | undefined
  /** Seconds since the epoch, on the issuer's clock. */
  changedAt: number
  cause?: PermissionsChangeCause | undefined
}

/** What a feed or a receiver tells the resource server. */
export type Signal = ({ kind: 'cut_off' } & CutOff) | ({ kind: 'permissions_changed' } & PermissionsChange)

/** The facts of a verified access token that decide whether it has been cut off. A `VerifiedAccessToken` fits. */
export interface TokenFacts {
  readonly issuer: string
  readonly subject?: string | undefined
  readonly sessionId?: string | undefined
  readonly tokenId?: string | undefined
  readonly clientId?: string | undefined
  readonly caller?: { readonly email?: string | undefined } | undefined
  /** The `iat` claim, seconds since the epoch. A token without one counts as issued at the beginning of time. */
  readonly issuedAt?: number | undefined
}

/** Whether this one cut-off ends this token: for picking the streams and calls that have to stop. */
export function isCutOffBy(token: TokenFacts, cutOff: CutOff): boolean {
  return (
    token.issuer === cutOff.issuer &&
    Math.floor(token.issuedAt ?? 0) <= cutOff.notBefore &&
    namedMembers(cutOff).every((member) => memberOf(token, member) === memberOf(cutOff, member))
  )
}

/** The members that a cut-off goes by, narrowest first decides. */
export function namedMembers(cutOff: Omit<CutOff, 'notBefore' | 'cause'>): readonly CutOffMember[] {
  if (cutOff.tokenId !== undefined) return ['tokenId']
  if (cutOff.email !== undefined) return ['email']
  const holder: CutOffMember[] =
    cutOff.sessionId !== undefined ? ['sessionId'] : cutOff.subject !== undefined ? ['subject'] : []
  return cutOff.clientId !== undefined ? [...holder, 'clientId'] : holder
}

/** A member of a token that a cut-off can name. */
export type CutOffMember = 'subject' | 'sessionId' | 'tokenId' | 'clientId' | 'email'

/** A member's value in a token or a cut-off, in the form in which both are compared. */
export function memberOf(of: TokenFacts | CutOff, member: CutOffMember): string | undefined {
  if (member !== 'email') return of[member]
  const email = 'cause' in of ? of.email : of.caller?.email
  return email?.toLowerCase()
}
