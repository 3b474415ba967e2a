import { guidOf, type Provider, pairwiseOf } from '@mcp-identity/provider-dialects'
import { dialects, type ProviderDialect, type TokenSubject } from '@mcp-identity/test-kit'
import type { Person } from '../directory/person.ts'
import type { Dialect } from './dialect.ts'

/** What the OpenID Provider knows of the access token that it is about to sign. */
export interface IssuedToken {
  clientId: string
  tokenId: string
  grantId: string
  /** As granted, in the names that were asked for. */
  scope: string
  issuedAt: number
  expiresAt: number
}

/** Words an access token about a person as the provider does: header beside `alg` and `kid`, and claims. */
export function wordAccessToken({ provider, addresses, api }: Dialect, person: Person, token: IssuedToken) {
  const wording = dialects[provider.accessToken.form as ProviderDialect]
  const audience = provider.accessToken.audience(api?.resource ?? '')
  const claims = wording.claims({
    issuer: addresses.accessTokenIssuer,
    audience,
    caller: 'person',
    now: token.issuedAt,
    expiresAt: token.expiresAt,
    about: describeSubject(provider, person, token, api?.resource ?? ''),
  })
  return { header: { typ: undefined, ...wording.header }, claims: withinLimit(provider, person, claims) }
}

/** Whether a request for her token fails because she is in too many groups. */
export function isBeyondGroups({ groups: { most = Infinity, beyond } }: Provider, { groups }: Person): boolean {
  return groups.length > most && beyond === undefined
}

function withinLimit(provider: Provider, person: Person, claims: Record<string, unknown>): Record<string, unknown> {
  const { most = Infinity, beyond } = provider.groups
  if (person.groups.length <= most || beyond === undefined) return claims
  const { groups: _tooMany, ...others } = claims
  return { ...others, ...beyond(person) }
}

function describeSubject(provider: Provider, person: Person, token: IssuedToken, resource: string): TokenSubject {
  const { accessToken, groups, scopes } = provider
  const prefix = scopes.asked === 'prefixed' && !scopes.keepsPrefix ? `${resource}/` : ''
  const other = accessToken.otherSubject?.(person, token.clientId)
  return {
    subject: accessToken.subject(person),
    ...(other !== undefined && { otherSubject: other }),
    username: person.username,
    email: person.email,
    name: `${person.givenName} ${person.familyName}`,
    givenName: person.givenName,
    familyName: person.familyName,
    department: person.department,
    groups: person.groups.map(groups.valueOf),
    roles: [],
    scope: token.scope
      .split(' ')
      .map((scope) => (scope.startsWith(prefix) ? scope.slice(prefix.length) : scope))
      .join(' '),
    clientId: token.clientId,
    ...(provider.tenant !== undefined && { tenant: provider.tenant }),
    tokenId: `${accessToken.idPrefix ?? ''}${token.tokenId}`,
    // Tells the tokens of one sign-in from another's, and nothing of the grant itself.
    sessionId: guidOf(pairwiseOf(token.grantId, token.clientId)),
    authTime: token.issuedAt,
    added: accessToken.added(person),
  }
}
