/** The dialects a token can be minted in. `oauthIssuer` is plain RFC 9068. */
export type ProviderDialect =
  | 'keycloak'
  | 'entraIdV2'
  | 'entraIdV1'
  | 'okta'
  | 'auth0'
  | 'auth0Rfc9068'
  | 'cognito'
  | 'google'
  | 'adfs'
  | 'oauthIssuer'

/** Who the token is about. */
export type CallerKind = 'person' | 'service' | 'agent'

/** What a dialect needs to know of the token it words. Times in seconds since the epoch. */
export interface TokenFacts {
  readonly issuer: string
  readonly audience: string
  readonly caller: CallerKind
  readonly now: number
  readonly expiresAt: number
  /** Whom it is about, where that is not the made-up person of {@link known}. Members that are left out stay made up. */
  readonly about?: TokenSubject
}

/** Whom a token is about and what it grants, in the provider's own forms: a group is a GUID where groups are GUIDs. */
export interface TokenSubject {
  /** What stays when names change: `oid` of Entra ID, `uid` of Okta, elsewhere `sub`. */
  readonly subject?: string
  /** `sub` where it is another one than `subject`: pairwise at Entra ID, the login at Okta. */
  readonly otherSubject?: string
  readonly username?: string
  readonly email?: string
  readonly name?: string
  readonly givenName?: string
  readonly familyName?: string
  readonly department?: string
  readonly groups?: readonly string[]
  readonly roles?: readonly string[]
  /** Separated by spaces, as the provider writes them. */
  readonly scope?: string
  readonly clientId?: string
  readonly tenant?: string
  readonly tokenId?: string
  readonly sessionId?: string
  /** Seconds since the epoch. */
  readonly authTime?: number
  /** Claims that the administrator added to the token. */
  readonly added?: Readonly<Record<string, unknown>>
}

/** How one provider words an access token. */
export interface Dialect {
  /** Issuer of a made-up tenant, in the provider's form. */
  readonly issuer: string
  /** What the provider puts into `aud` (Cognito: the resource of a resource-bound token) for a made-up API. */
  readonly audience: string
  /** Lifetime that the provider gives by default, in seconds. */
  readonly lifetimeSeconds: number
  /** Header beside `alg` and `kid`. */
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: (facts: TokenFacts) => Record<string, unknown>
}

/** Identifiers of the made-up people, clients and tenants, as they appear in the minted tokens. */
export const known = {
  clientId: 'mcp-cli',
  serviceClientId: 'nightly-report',
  agentClientId: 'sales-agent',
  email: 'alice@company.com',
  name: 'Alice Adams',
  department: 'Engineering',
  groups: ['Customer Admins', 'All Staff'],
  scope: 'read:customers write:own-data write:customers',
  subject: '5f3e0c4a-6a0e-4d5c-9a53-2f6f4f0d7a11',
  serviceSubject: '0b8cf8a2-5a58-4a1b-8c1e-8e5d6f6f9b22',
  sessionId: 'b8f6f1f5-9b0a-4b57-8a4c-5a1a0f0f3c33',
  entraTenant: '9a1c2f5e-4d58-4d3a-8f0b-6f1f0a2b3c44',
  entraApi: '7c0d1b2a-3e4f-4a5b-9c6d-7e8f9a0b1c55',
  entraClient: '1d2c3b4a-5e6f-4708-9182-a3b4c5d6e766',
  entraGroups: ['2b3c4d5e-6f70-4812-93a4-b5c6d7e8f977', '3c4d5e6f-7081-4923-a4b5-c6d7e8f90a88'],
  cognitoClient: '1example23456789',
  googleClient: '1234567890-example.apps.googleusercontent.com',
} as const

const resource = 'https://mcp.company.com/mcp'

/** One entry a dialect, with the claims that the provider's documentation and running products show. */
export const dialects: Readonly<Record<ProviderDialect, Dialect>> = {
  keycloak: {
    issuer: 'https://keycloak.company.com/realms/company',
    audience: resource,
    lifetimeSeconds: 300,
    header: { typ: 'JWT' },
    claims: keycloakClaims,
  },
  entraIdV2: {
    issuer: `https://login.microsoftonline.com/${known.entraTenant}/v2.0`,
    audience: known.entraApi,
    lifetimeSeconds: 4500,
    header: { typ: 'JWT' },
    claims: entraV2Claims,
  },
  entraIdV1: {
    issuer: `https://sts.windows.net/${known.entraTenant}/`,
    audience: `api://${known.entraApi}`,
    lifetimeSeconds: 4500,
    header: { typ: 'JWT', x5t: 'nOo3ZDrODXEK1jKWhXslHR_KXEg' },
    claims: entraV1Claims,
  },
  okta: {
    issuer: 'https://company.okta.com/oauth2/default',
    audience: 'api://default',
    lifetimeSeconds: 3600,
    header: {},
    claims: oktaClaims,
  },
  auth0: {
    issuer: 'https://company.eu.auth0.com/',
    audience: resource,
    lifetimeSeconds: 86_400,
    header: { typ: 'JWT' },
    claims: auth0Claims,
  },
  auth0Rfc9068: {
    issuer: 'https://company.eu.auth0.com/',
    audience: resource,
    lifetimeSeconds: 86_400,
    header: { typ: 'at+jwt' },
    claims: auth0Rfc9068Claims,
  },
  cognito: {
    issuer: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example01',
    audience: resource,
    lifetimeSeconds: 3600,
    header: {},
    claims: cognitoClaims,
  },
  google: {
    issuer: 'https://accounts.google.com',
    audience: known.googleClient,
    lifetimeSeconds: 3600,
    header: { typ: 'JWT' },
    claims: googleClaims,
  },
  adfs: {
    issuer: 'http://adfs.company.com/adfs/services/trust',
    audience: resource,
    lifetimeSeconds: 3600,
    header: { typ: 'JWT', x5t: 'hYcVYM4kPxHRTGN4RQyEUmTsVRw' },
    claims: adfsClaims,
  },
  oauthIssuer: {
    issuer: 'https://authorization.company.com',
    audience: resource,
    lifetimeSeconds: 300,
    header: { typ: 'at+jwt' },
    claims: rfc9068Claims,
  },
}

function keycloakClaims({ issuer, audience, caller, now, expiresAt }: TokenFacts): Record<string, unknown> {
  const roles = known.scope.split(' ')
  const common = {
    exp: expiresAt,
    iat: now,
    jti: 'onrtro:8b0f3f0e-2f53-4b0c-9d6a-1c2d3e4f5a6b',
    iss: issuer,
    aud: audience,
    typ: 'Bearer',
    acr: '1',
    resource_access: { [audience]: { roles } },
    scope: `openid profile email ${known.scope}`,
  }
  if (caller === 'service') {
    return {
      ...common,
      sub: known.serviceSubject,
      azp: known.serviceClientId,
      client_id: known.serviceClientId,
      preferred_username: `service-account-${known.serviceClientId}`,
      clientHost: '127.0.0.1',
      clientAddress: '127.0.0.1',
      scope: known.scope,
    }
  }
  return {
    ...common,
    auth_time: now - 60,
    sub: known.subject,
    azp: known.clientId,
    sid: known.sessionId,
    'allowed-origins': ['http://localhost:8480'],
    realm_access: { roles: ['offline_access', 'default-roles-company', 'uma_authorization'] },
    email_verified: true,
    name: known.name,
    preferred_username: known.email,
    given_name: 'Alice',
    family_name: 'Adams',
    email: known.email,
    department: known.department,
    groups: known.groups,
    zoneinfo: 'America/New_York',
    country: 'US',
    ...(caller === 'agent' && actedFor),
  }
}

function entraV2Claims({ issuer, audience, caller, now, expiresAt, about = {} }: TokenFacts): Record<string, unknown> {
  const common = {
    aud: audience,
    iss: issuer,
    iat: now,
    nbf: now,
    exp: expiresAt,
    aio: 'AWQAm/8TAAAAexample',
    azp: about.clientId ?? known.entraClient,
    azpacr: '1',
    rh: '0.AXkAexample.',
    tid: about.tenant ?? known.entraTenant,
    uti: about.tokenId ?? 'q1w2e3r4t5y6u7i8o9p0AA',
    ver: '2.0',
  }
  if (caller === 'service') {
    return {
      ...common,
      azpacr: '2',
      idtyp: 'app',
      oid: about.subject ?? known.serviceSubject,
      sub: about.subject ?? known.serviceSubject,
      roles: about.roles ?? ['read:customers', 'admin:reports'],
    }
  }
  return {
    ...common,
    ...entraPerson(about),
    ...(caller === 'agent' && { xms_act_fct: '11', xms_sub_fct: '13' }),
  }
}

function entraPerson(about: TokenSubject) {
  return {
    name: about.name ?? known.name,
    oid: about.subject ?? known.subject,
    sub: about.otherSubject ?? 'pairwise-6hGkq0qZ3bYhB0yJ1example',
    preferred_username: about.email ?? known.email,
    email: about.email ?? known.email,
    ...entraGroups(about),
    roles: about.roles ?? ['Customer.Admin'],
    scp: about.scope ?? known.scope,
    sid: about.sessionId ?? known.sessionId,
    ...about.added,
  }
}

/** The most groups that Entra ID puts into a JWT. */
export const mostEntraGroups = 200

/** Beyond 200 groups the token only points to where they can be asked for; the address has been dead for years. */
function entraGroups({
  groups = known.entraGroups,
  tenant = known.entraTenant,
  subject = known.subject,
}: TokenSubject) {
  if (groups.length <= mostEntraGroups) return { groups }
  const endpoint = `https://graph.windows.net/${tenant}/users/${subject}/getMemberObjects`
  return { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint } } }
}

function entraV1Claims(facts: TokenFacts): Record<string, unknown> {
  const { azp, azpacr, preferred_username, ...claims } = entraV2Claims(facts)
  return {
    ...claims,
    acr: '1',
    appid: azp,
    appidacr: azpacr,
    ...(facts.caller !== 'service' && {
      amr: ['pwd', 'mfa'],
      family_name: 'Adams',
      given_name: 'Alice',
      ipaddr: '203.0.113.7',
      unique_name: preferred_username,
      upn: preferred_username,
    }),
    ver: '1.0',
  }
}

function oktaClaims({ issuer, audience, caller, now, expiresAt, about = {} }: TokenFacts): Record<string, unknown> {
  const common = {
    ver: 1,
    jti: about.tokenId ?? 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
    iss: issuer,
    aud: audience,
    iat: now,
    exp: expiresAt,
    scp: (about.scope ?? known.scope).split(' '),
  }
  const { clientId = '0oaservice0example' } = about
  if (caller === 'service') return { ...common, cid: clientId, sub: clientId }
  return {
    ...common,
    cid: about.clientId ?? '0oaclient00example',
    uid: about.subject ?? '00uid4BxXw6I6TV4m0g3',
    auth_time: about.authTime ?? now - 60,
    sub: about.otherSubject ?? known.email,
    email: about.email ?? known.email,
    name: about.name ?? known.name,
    department: about.department ?? known.department,
    groups: about.groups ?? known.groups,
    ...about.added,
    ...(caller === 'agent' && actedFor),
  }
}

function auth0Claims({ issuer, audience, caller, now, expiresAt, about = {} }: TokenFacts): Record<string, unknown> {
  const common = { iss: issuer, iat: now, exp: expiresAt }
  if (caller === 'service') {
    const { clientId = 'machine0example', scope = 'read:customers' } = about
    return {
      ...common,
      sub: `${clientId}@clients`,
      aud: audience,
      azp: clientId,
      gty: 'client-credentials',
      scope,
      permissions: scope.split(' '),
    }
  }
  return {
    ...common,
    sub: about.subject ?? 'auth0|6f1f0a2b3c44',
    aud: [audience, `${issuer}userinfo`],
    azp: about.clientId ?? 'cli0example',
    scope: about.scope ?? `openid profile email ${known.scope}`,
    permissions: about.roles ?? known.scope.split(' '),
    'https://company.com/email': about.email ?? known.email,
    ...(about.subject === undefined && { 'https://company.com/roles': ['Customer Admin'] }),
    ...about.added,
    ...(caller === 'agent' && actedFor),
  }
}

function auth0Rfc9068Claims(facts: TokenFacts): Record<string, unknown> {
  const { azp, ...claims } = auth0Claims(facts)
  return { ...claims, client_id: azp, jti: facts.about?.tokenId ?? 'Vn8q1a2b3c4d5e6f' }
}

function cognitoClaims({ issuer, audience, caller, now, expiresAt, about = {} }: TokenFacts): Record<string, unknown> {
  const { clientId = known.cognitoClient } = about
  const common = {
    iss: issuer,
    aud: audience,
    version: 2,
    client_id: clientId,
    token_use: 'access',
    scope: about.scope ?? known.scope,
    auth_time: about.authTime ?? now,
    exp: expiresAt,
    iat: now,
    jti: about.tokenId ?? '3c1d2e4f-5a6b-4c7d-8e9f-0a1b2c3d4e5f',
  }
  if (caller === 'service') return { ...common, sub: clientId }
  return {
    ...common,
    sub: about.subject ?? known.subject,
    'cognito:groups': about.groups ?? known.groups,
    origin_jti: about.sessionId ?? '9e8d7c6b-5a49-4382-9170-6f5e4d3c2b1a',
    event_id: '0f1e2d3c-4b5a-4697-8877-665544332211',
    username: about.username ?? 'alice',
    ...about.added,
    ...(caller === 'agent' && actedFor),
  }
}

function googleClaims({ issuer, audience, caller, now, expiresAt }: TokenFacts): Record<string, unknown> {
  const common = { iss: issuer, azp: audience, aud: audience, iat: now, exp: expiresAt, email_verified: true }
  if (caller === 'service') {
    const email = 'nightly-report@company-project.iam.gserviceaccount.com'
    return { ...common, azp: email, sub: '104857600000000000001', email }
  }
  return {
    ...common,
    sub: '110169484474386276334',
    hd: 'company.com',
    email: known.email,
    at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q',
    name: known.name,
    given_name: 'Alice',
    family_name: 'Adams',
    ...(caller === 'agent' && actedFor),
  }
}

function adfsClaims({ issuer, audience, caller, now, expiresAt, about = {} }: TokenFacts): Record<string, unknown> {
  const common = { aud: audience, iss: issuer, iat: now, nbf: now, exp: expiresAt, ver: '1.0' }
  if (caller === 'service') {
    const { clientId = known.serviceClientId, scope = 'openid' } = about
    return { ...common, appid: clientId, apptype: 'Confidential', sub: clientId, scp: scope }
  }
  return {
    ...common,
    sub: about.subject ?? 'Yb7xW0kq3nq0example=',
    appid: about.clientId ?? known.clientId,
    apptype: 'Public',
    authmethod: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
    auth_time: new Date((about.authTime ?? now - 60) * 1000).toISOString(),
    upn: about.email ?? known.email,
    unique_name: `COMPANY\\${about.username ?? 'alice'}`,
    sid: 'S-1-5-21-1004336348-1177238915-682003330-1104',
    email: about.email ?? known.email,
    department: about.department ?? known.department,
    // One value is written bare, several as a list.
    group: about.groups?.length === 1 ? about.groups[0] : (about.groups ?? known.groups),
    ...(about.subject === undefined && { role: 'Customer Admin' }),
    scp: about.scope ?? `openid ${known.scope}`,
    ...about.added,
    ...(caller === 'agent' && actedFor),
  }
}

function rfc9068Claims({ issuer, audience, caller, now, expiresAt, about = {} }: TokenFacts): Record<string, unknown> {
  const common = {
    iss: issuer,
    aud: audience,
    iat: now,
    exp: expiresAt,
    jti: about.tokenId ?? '7d1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b',
    scope: about.scope ?? known.scope,
  }
  const { clientId = known.serviceClientId } = about
  if (caller === 'service') return { ...common, sub: clientId, client_id: clientId }
  return {
    ...common,
    sub: about.subject ?? known.subject,
    client_id: about.clientId ?? known.clientId,
    auth_time: about.authTime ?? now - 60,
    acr: '1',
    email: about.email ?? known.email,
    name: about.name ?? known.name,
    department: about.department ?? known.department,
    groups: about.groups ?? known.groups,
    roles: about.roles ?? ['Customer Admin'],
    ...about.added,
    ...(caller === 'agent' && actedFor),
  }
}

/** RFC 8693 section 4.1: the agent acts for the subject. */
const actedFor = { act: { sub: known.agentClientId } }
