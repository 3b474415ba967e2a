import { known, type ProviderDialect } from './provider-dialects.ts'

/** Claims of tokens that are signed by the right key of the right issuer and yet are no access tokens. */
export interface OtherToken {
  /** What it is, to be read after "rejects". */
  readonly kind: string
  /** Where the rule is written. */
  readonly source: string
  /** Put over the header of a valid access token. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Put over its claims; `undefined` takes a claim out. */
  readonly claims: Readonly<Record<string, unknown>>
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

const idToken: OtherToken = {
  kind: 'an ID token',
  source: 'RFC 9068 section 4, RFC 8725 section 3.11',
  header: { typ: 'JWT' },
  claims: {
    nonce: 'n-0S6_WzA2Mj',
    at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q',
    scope: undefined,
    scp: undefined,
  },
}

const logoutToken: OtherToken = {
  kind: 'a logout token',
  source: 'OpenID Connect Back-Channel Logout section 2.4',
  header: { typ: 'logout+jwt' },
  claims: { events: { [logoutEvent]: {} }, scope: undefined },
}

const securityEvent: OtherToken = {
  kind: 'a security event token',
  source: 'RFC 8417 section 4.4',
  header: { typ: 'secevent+jwt' },
  claims: { events: { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {} } },
}

const dpopProof: OtherToken = {
  kind: 'a DPoP proof',
  source: 'RFC 9449 section 4.2',
  header: { typ: 'dpop+jwt' },
  claims: { htm: 'POST', htu: 'https://mcp.company.com/mcp' },
}

const clientAssertion: OtherToken = {
  kind: 'a client assertion',
  source: 'RFC 7523 section 3',
  header: { typ: 'client-authentication+jwt' },
  claims: { iss: known.clientId, sub: known.clientId },
}

const common = [logoutToken, securityEvent, dpopProof, clientAssertion]

function keycloakKind(typ: string, kind: string): OtherToken {
  return { kind, source: 'Keycloak payload typ, RFC 8725 section 3.12', claims: { typ } }
}

/** Tokens of the same issuer and key that a resource server must not take for access tokens, for each provider. */
export const otherTokens: Readonly<Record<ProviderDialect, readonly OtherToken[]>> = {
  keycloak: [
    ...common,
    keycloakKind('ID', 'an ID token'),
    keycloakKind('Refresh', 'a refresh token'),
    keycloakKind('Offline', 'an offline token'),
    keycloakKind('Logout', 'a logout token by its payload alone'),
    keycloakKind('Serialized-ID', 'a serialised identity'),
    keycloakKind('verify-email', 'an action token'),
    keycloakKind('execute-actions', 'an action token for several actions'),
    keycloakKind('RegistrationAccessToken', 'a registration access token'),
    keycloakKind('InitialAccessToken', 'an initial access token for registration'),
    keycloakKind('JWT', 'a token of no stated kind'),
  ],
  entraIdV2: [...common, { ...idToken, claims: { ...idToken.claims, azp: undefined, roles: undefined } }],
  entraIdV1: [...common, { ...idToken, claims: { ...idToken.claims, appid: undefined, roles: undefined } }],
  okta: [
    ...common,
    { ...idToken, header: {}, claims: { ...idToken.claims, cid: undefined, jti: 'ID.0mP4JKAZX1iACIT4v' } },
  ],
  auth0: [...common, { ...idToken, claims: { ...idToken.claims, azp: undefined, permissions: undefined } }],
  auth0Rfc9068: [
    ...common,
    { ...idToken, claims: { ...idToken.claims, client_id: undefined, permissions: undefined } },
  ],
  cognito: [
    ...common,
    {
      ...idToken,
      header: {},
      claims: { aud: known.cognitoClient, token_use: 'id', client_id: undefined, scope: undefined, email: known.email },
    },
  ],
  google: common,
  adfs: [...common, { ...idToken, claims: { ...idToken.claims, appid: undefined, apptype: undefined } }],
  oauthIssuer: [...common, idToken],
}
