import { dialects, frozenNow, known, type MintOptions, testKeys } from '@mcp-identity/test-kit'
import type { PresetChanges } from './presets.ts'

/** A token that must be accepted, and some of what must be read from it. */
export interface ValidCase {
  /** What is special about it, to be read after "accepts". */
  readonly title: string
  /** Where it is written that such tokens exist. */
  readonly source: string
  readonly mint: MintOptions
  readonly preset?: PresetChanges
  /** Members of the verified token; others may be there. */
  readonly expected: Readonly<Record<string, unknown>>
}

const scopes = known.scope.split(' ')
const person = { kind: 'person', email: known.email, name: known.name, department: known.department }

const keycloak: readonly ValidCase[] = [
  {
    title: 'a token of a person',
    source: 'Keycloak, access token with client scopes and mappers',
    mint: { provider: 'keycloak' },
    expected: {
      issuer: dialects.keycloak.issuer,
      subject: known.subject,
      clientId: known.clientId,
      audiences: [dialects.keycloak.audience],
      scopes: ['openid', 'profile', 'email', ...scopes],
      issuedAt: frozenNow,
      expiresAt: frozenNow + 300,
      sessionId: known.sessionId,
      caller: { ...person, groups: known.groups, roles: scopes, tenant: undefined, actors: [] },
      confirmation: undefined,
    },
  },
  {
    title: 'a token of a service account',
    source: 'RFC 6749 section 4.4',
    mint: { provider: 'keycloak', caller: 'service' },
    expected: {
      subject: known.serviceSubject,
      clientId: known.serviceClientId,
      sessionId: undefined,
      caller: { kind: 'service', email: undefined },
    },
  },
  {
    title: 'a token of an agent that acts for a person',
    source: 'RFC 8693 section 4.1',
    mint: { provider: 'keycloak', caller: 'agent' },
    expected: {
      subject: known.subject,
      caller: { kind: 'agent', email: known.email, actors: [{ subject: known.agentClientId }] },
    },
  },
  {
    title: 'a chain of actors, the current one first',
    source: 'RFC 8693 section 4.1',
    mint: {
      provider: 'keycloak',
      claims: { act: { sub: 'outer', client_id: 'a', act: { sub: 'inner', iss: 'https://x' } } },
    },
    expected: {
      caller: {
        kind: 'agent',
        actors: [
          { subject: 'outer', clientId: 'a', issuer: undefined },
          { subject: 'inner', issuer: 'https://x', clientId: undefined },
        ],
      },
    },
  },
  ...[testKeys.rsaPss, testKeys.p256, testKeys.p384, testKeys.ed25519].map(
    (key): ValidCase => ({
      title: `a token signed with ${key.algorithm}`,
      source: 'RFC 7518 section 3.1, RFC 8037 section 3.1',
      mint: { provider: 'keycloak', key },
      expected: { subject: known.subject },
    }),
  ),
  {
    title: 'Ed25519 as the name of the algorithm',
    source: 'RFC 9864 section 2.2',
    mint: { provider: 'keycloak', key: testKeys.ed25519, header: { alg: 'Ed25519' } },
    expected: { subject: known.subject },
  },
  ...['at+jwt', 'AT+JWT', 'application/at+jwt', 'jwt', 'JWT', undefined].map(
    (typ): ValidCase => ({
      title: `typ ${typ ?? 'left out'}`,
      source: 'RFC 7515 section 4.1.9, RFC 9068 section 2.1',
      mint: { provider: 'keycloak', header: { typ } },
      expected: { subject: known.subject },
    }),
  ),
  {
    title: 'an audience beside others',
    source: 'RFC 7519 section 4.1.3',
    mint: { provider: 'keycloak', claims: { aud: ['account', dialects.keycloak.audience] } },
    expected: { audiences: ['account', dialects.keycloak.audience] },
  },
  {
    title: 'an exact audience in a list of one',
    source: 'RFC 7519 section 4.1.3',
    mint: { provider: 'keycloak', claims: { aud: [dialects.keycloak.audience] } },
    preset: { exactAudience: true },
    expected: { audiences: [dialects.keycloak.audience] },
  },
  {
    title: 'a token that expires in a second',
    source: 'RFC 7519 section 4.1.4',
    mint: { provider: 'keycloak', lifetimeSeconds: 1 },
    expected: { expiresAt: frozenNow + 1 },
  },
  {
    title: 'a token that expired 4 seconds ago',
    source: 'RFC 7519 section 4.1.4 (leeway)',
    mint: { provider: 'keycloak', now: frozenNow - 304, lifetimeSeconds: 300 },
    expected: { expiresAt: frozenNow - 4 },
  },
  {
    title: 'a token that is valid in 5 seconds',
    source: 'RFC 7519 section 4.1.5 (leeway)',
    mint: { provider: 'keycloak', claims: { nbf: frozenNow + 5 } },
    expected: { subject: known.subject },
  },
  {
    title: 'a token issued 5 seconds ahead of the clock',
    source: 'RFC 7519 section 4.1.6 (leeway)',
    mint: { provider: 'keycloak', now: frozenNow + 5 },
    expected: { issuedAt: frozenNow + 5 },
  },
  {
    title: 'times with a fraction',
    source: 'RFC 7519 section 2 (NumericDate)',
    mint: { provider: 'keycloak', claims: { exp: frozenNow + 60.5, iat: frozenNow - 0.25 } },
    expected: { expiresAt: frozenNow + 60.5 },
  },
  {
    title: 'a token that lives a day',
    source: 'RFC 7519 section 4.1.4',
    mint: { provider: 'keycloak', lifetimeSeconds: 86_400 },
    expected: { expiresAt: frozenNow + 86_400 },
  },
  {
    title: 'claims and header members that it does not know',
    source: 'RFC 7519 section 4.3, RFC 7515 section 4.3',
    mint: {
      provider: 'keycloak',
      header: { 'urn:example:a': 1, x5t: 'AAAA' },
      claims: { 'urn:example:b': { c: [null] } },
    },
    expected: { subject: known.subject },
  },
  {
    title: 'letters of every script',
    source: 'RFC 8259 section 8.1',
    mint: { provider: 'keycloak', claims: { name: 'Åsa Ünal 田中 \u{1f511}', department: 'Fôrça "e" \\ vendas' } },
    expected: { caller: { name: 'Åsa Ünal 田中 \u{1f511}', department: 'Fôrça "e" \\ vendas' } },
  },
  {
    title: '8 KB of claims',
    source: 'Keycloak, many roles',
    mint: { provider: 'keycloak', claims: { note: 'n'.repeat(8192) } },
    expected: { subject: known.subject },
  },
  {
    title: 'no scope at all',
    source: 'RFC 9068 section 2.2.3',
    mint: { provider: 'keycloak', claims: { scope: undefined } },
    expected: { scopes: [] },
  },
  {
    title: 'an empty scope',
    source: 'RFC 6749 section 3.3',
    mint: { provider: 'keycloak', claims: { scope: '' } },
    expected: { scopes: [] },
  },
  {
    title: 'groups that the token does not tell as unknown, not as none',
    source: 'Keycloak, no group mapper',
    mint: { provider: 'keycloak', claims: { groups: undefined } },
    expected: { caller: { groups: undefined } },
  },
  {
    title: 'groups that the token tells as none',
    source: 'Keycloak, group mapper',
    mint: { provider: 'keycloak', claims: { groups: [] } },
    expected: { caller: { groups: [] } },
  },
  {
    title: 'no roles of another client',
    source: 'Keycloak, resource_access',
    mint: { provider: 'keycloak', claims: { resource_access: { account: { roles: ['manage-account'] } } } },
    expected: { caller: { roles: [] } },
  },
  {
    title: 'realm roles when asked for',
    source: 'Keycloak, realm_access',
    mint: { provider: 'keycloak', claims: { resource_access: undefined } },
    preset: { includeRealmRoles: true },
    expected: { caller: { roles: ['offline_access', 'default-roles-company', 'uma_authorization'] } },
  },
  {
    title: 'the client that it is set to',
    source: 'RFC 9068 section 4',
    mint: { provider: 'keycloak' },
    preset: { clientIds: ['other', known.clientId] },
    expected: { clientId: known.clientId },
  },
]

const entraId: readonly ValidCase[] = [
  {
    title: 'a token of a person',
    source: 'Microsoft identity platform, access token claims, version 2.0',
    mint: { provider: 'entraIdV2' },
    expected: {
      issuer: dialects.entraIdV2.issuer,
      subject: known.subject,
      clientId: known.entraClient,
      scopes,
      sessionId: known.sessionId,
      caller: {
        kind: 'person',
        email: known.email,
        name: known.name,
        groups: known.entraGroups,
        roles: ['Customer.Admin'],
        tenant: known.entraTenant,
      },
    },
  },
  {
    title: 'a token of a service: roles and no scope',
    source: 'Microsoft identity platform, client credentials',
    mint: { provider: 'entraIdV2', caller: 'service' },
    expected: {
      subject: known.serviceSubject,
      scopes: [],
      caller: { kind: 'service', roles: ['read:customers', 'admin:reports'] },
    },
  },
  {
    title: 'a token of an agent identity',
    source: 'Microsoft Entra Agent ID, xms_act_fct',
    mint: { provider: 'entraIdV2', caller: 'agent' },
    expected: { caller: { kind: 'agent' } },
  },
  {
    title: 'an agent among several facets',
    source: 'Microsoft Entra Agent ID, xms_act_fct',
    mint: { provider: 'entraIdV2', claims: { xms_act_fct: '3 11' } },
    expected: { caller: { kind: 'agent' } },
  },
  {
    title: 'a person among other facets',
    source: 'Microsoft Entra Agent ID, xms_act_fct',
    mint: { provider: 'entraIdV2', claims: { xms_act_fct: '3 111' } },
    expected: { caller: { kind: 'person' } },
  },
  {
    title: 'more groups than fit as unknown, not as none',
    source: 'Microsoft identity platform, groups overage claim',
    mint: {
      provider: 'entraIdV2',
      claims: {
        groups: undefined,
        _claim_names: { groups: 'src1' },
        _claim_sources: { src1: { endpoint: 'https://graph.windows.net/x' } },
      },
    },
    expected: { caller: { groups: undefined } },
  },
  {
    title: 'groups that exist and are not told (hasgroups) as unknown',
    source: 'Microsoft identity platform, groups overage claim',
    mint: { provider: 'entraIdV2', claims: { groups: undefined, hasgroups: true } },
    expected: { caller: { groups: undefined } },
  },
  {
    title: 'a person whose idp is her own tenant',
    source: 'Microsoft identity platform, idp',
    mint: { provider: 'entraIdV2', claims: { idp: dialects.entraIdV2.issuer } },
    expected: { caller: { kind: 'person' } },
  },
  {
    title: 'a guest when told so',
    source: 'Microsoft identity platform, idp',
    mint: { provider: 'entraIdV2', claims: { idp: 'https://sts.windows.net/11111111-2222-4333-8444-555555555555/' } },
    preset: { acceptGuests: true },
    expected: { subject: known.subject },
  },
  {
    title: 'a token of version 1.0 when that is its issuer',
    source: 'Microsoft identity platform, access token claims, version 1.0',
    mint: { provider: 'entraIdV1' },
    expected: {
      issuer: dialects.entraIdV1.issuer,
      clientId: known.entraClient,
      scopes,
      caller: { kind: 'person', email: known.email },
    },
  },
  {
    title: 'a token of a service, version 1.0',
    source: 'Microsoft identity platform, access token claims, version 1.0',
    mint: { provider: 'entraIdV1', caller: 'service' },
    expected: { caller: { kind: 'service' } },
  },
]

const okta: readonly ValidCase[] = [
  {
    title: 'a token of a person, by her id and not her login',
    source: 'Okta, access token claims',
    mint: { provider: 'okta' },
    expected: {
      subject: '00uid4BxXw6I6TV4m0g3',
      clientId: '0oaclient00example',
      scopes,
      caller: { ...person, groups: known.groups },
    },
  },
  {
    title: 'a token of a service',
    source: 'Okta, client credentials',
    mint: { provider: 'okta', caller: 'service' },
    expected: { subject: '0oaservice0example', caller: { kind: 'service', groups: undefined } },
  },
  {
    title: 'a person whose login changed as the same subject',
    source: 'Okta, uid and sub',
    mint: { provider: 'okta', claims: { sub: 'alice.new@company.com' } },
    expected: { subject: '00uid4BxXw6I6TV4m0g3' },
  },
  {
    title: 'no group claim as none when told so',
    source: 'Okta, groups claim filter',
    mint: { provider: 'okta', claims: { groups: undefined } },
    preset: { groupsWhenAbsent: 'none' },
    expected: { caller: { groups: [] } },
  },
]

const auth0: readonly ValidCase[] = [
  {
    title: 'a token of a person, also meant for userinfo',
    source: 'Auth0, access token profiles',
    mint: { provider: 'auth0' },
    expected: {
      subject: 'auth0|6f1f0a2b3c44',
      clientId: 'cli0example',
      scopes: ['openid', 'profile', 'email', ...scopes],
      caller: { kind: 'person', email: known.email, roles: ['Customer Admin'] },
    },
  },
  {
    title: 'a token in the dialect of RFC 9068',
    source: 'Auth0, access token profiles',
    mint: { provider: 'auth0Rfc9068' },
    expected: { clientId: 'cli0example', tokenId: 'Vn8q1a2b3c4d5e6f' },
  },
  {
    title: 'a token of a machine',
    source: 'Auth0, client credentials',
    mint: { provider: 'auth0', caller: 'service' },
    expected: { subject: 'machine0example@clients', caller: { kind: 'service' } },
  },
  {
    title: 'permissions without a scope as no scope',
    source: 'Auth0, RBAC',
    mint: { provider: 'auth0', claims: { scope: undefined } },
    expected: { scopes: [] },
  },
  {
    title: 'an organization as tenant',
    source: 'Auth0, organizations',
    mint: { provider: 'auth0', claims: { org_id: 'org_9ybsU1dN2dKfDkBi' } },
    expected: { caller: { tenant: 'org_9ybsU1dN2dKfDkBi' } },
  },
  {
    title: 'PS256',
    source: 'Auth0, signing algorithms',
    mint: { provider: 'auth0', key: testKeys.rsaPss },
    expected: { clientId: 'cli0example' },
  },
]

const cognito: readonly ValidCase[] = [
  {
    title: 'a token bound to a resource',
    source: 'Amazon Cognito, resource binding',
    mint: { provider: 'cognito' },
    expected: {
      subject: known.subject,
      clientId: known.cognitoClient,
      audiences: [dialects.cognito.audience],
      scopes,
      caller: { kind: 'person', groups: known.groups },
    },
  },
  {
    title: 'a token without audience, of an accepted client',
    source: 'Amazon Cognito, access token',
    mint: { provider: 'cognito', claims: { aud: undefined } },
    expected: { clientId: known.cognitoClient },
  },
  {
    title: 'a token of a service',
    source: 'Amazon Cognito, client credentials',
    mint: { provider: 'cognito', caller: 'service', claims: { aud: undefined } },
    expected: { caller: { kind: 'service' } },
  },
  {
    title: 'the newer form of the issuer',
    source: 'Amazon Cognito, issuer of user pools',
    mint: { provider: 'cognito', issuer: dialects.cognito.issuer.replace('://', '://issuer-') },
    expected: { subject: known.subject },
  },
  {
    title: 'a person in no group',
    source: 'Amazon Cognito, cognito:groups',
    mint: { provider: 'cognito', claims: { 'cognito:groups': undefined } },
    expected: { caller: { groups: [] } },
  },
  {
    title: 'a token of the sign-in scope when told so',
    source: 'Amazon Cognito, aws.cognito.signin.user.admin',
    mint: { provider: 'cognito', claims: { scope: 'aws.cognito.signin.user.admin' } },
    preset: { acceptUserAdminOnly: true },
    expected: { scopes: ['aws.cognito.signin.user.admin'] },
  },
]

const adfs: readonly ValidCase[] = [
  {
    title: 'a token of a person, by its access token issuer',
    source: 'AD FS, access_token_issuer',
    mint: { provider: 'adfs' },
    expected: {
      issuer: dialects.adfs.issuer,
      clientId: known.clientId,
      sessionId: undefined,
      scopes: ['openid', ...scopes],
      caller: { kind: 'person', email: known.email, groups: known.groups, roles: ['Customer Admin'] },
    },
  },
  {
    title: 'a single group that is written bare',
    source: 'AD FS, issuance transform rules',
    mint: { provider: 'adfs', claims: { group: 'Customer Admins' } },
    expected: { caller: { groups: ['Customer Admins'] } },
  },
  {
    title: 'several roles as a list',
    source: 'AD FS, issuance transform rules',
    mint: { provider: 'adfs', claims: { role: ['a', 'b'] } },
    expected: { caller: { roles: ['a', 'b'] } },
  },
  {
    title: 'a token of a service',
    source: 'AD FS, client credentials',
    mint: { provider: 'adfs', caller: 'service' },
    expected: { caller: { kind: 'service' } },
  },
]

const oauthIssuer: readonly ValidCase[] = [
  {
    title: 'a token of a person',
    source: 'RFC 9068 section 2.2',
    mint: { provider: 'oauthIssuer' },
    expected: { subject: known.subject, clientId: known.clientId, scopes, caller: { ...person, groups: known.groups } },
  },
  {
    title: 'a token of a service: sub is client_id',
    source: 'RFC 9068 section 5',
    mint: { provider: 'oauthIssuer', caller: 'service' },
    expected: { subject: known.serviceClientId, caller: { kind: 'service' } },
  },
  {
    title: 'a token of an agent',
    source: 'RFC 8693 section 4.1',
    mint: { provider: 'oauthIssuer', caller: 'agent' },
    expected: { caller: { kind: 'agent', actors: [{ subject: known.agentClientId }] } },
  },
  {
    title: 'application/at+jwt',
    source: 'RFC 9068 section 2.1',
    mint: { provider: 'oauthIssuer', header: { typ: 'application/at+jwt' } },
    expected: { subject: known.subject },
  },
]

/** Tokens that must be accepted, for each provider. */
export const validTokens: readonly ValidCase[] = [
  ...keycloak,
  ...entraId,
  ...okta,
  ...auth0,
  ...cognito,
  ...adfs,
  ...oauthIssuer,
]
