import { dialects, frozenNow, known, type MintOptions, testKeys } from '@mcp-identity/test-kit'
import type { TokenRefusalReason } from '../../../src/index.ts'
import type { PresetChanges } from './presets.ts'

/** A token that a provider would sign, or nearly, and that must be refused. */
export interface RefusedProviderCase {
  /** To be read after "rejects". */
  readonly title: string
  /** Where the rule is written, or the product that has such tokens. */
  readonly source: string
  readonly mint: MintOptions
  readonly preset?: PresetChanges
  readonly reason: TokenRefusalReason
}

const otherTenant = '11111111-2222-4333-8444-555555555555'

const keycloak: readonly RefusedProviderCase[] = [
  {
    title: 'another realm on the same host',
    source: 'Keycloak, realms',
    mint: { provider: 'keycloak', issuer: 'https://keycloak.company.com/realms/other' },
    reason: 'issuer_unknown',
  },
  {
    title: 'the master realm of the same host',
    source: 'Keycloak, realms',
    mint: { provider: 'keycloak', issuer: 'https://keycloak.company.com/realms/master' },
    reason: 'issuer_unknown',
  },
  {
    title: 'no audience, as Keycloak issues without an audience mapper',
    source: 'RFC 9068 section 4',
    mint: { provider: 'keycloak', claims: { aud: undefined } },
    reason: 'audience_missing',
  },
  {
    title: 'the audience account, which roles bring',
    source: 'Keycloak, audience resolve mapper',
    mint: { provider: 'keycloak', claims: { aud: 'account' } },
    reason: 'audience_mismatch',
  },
  {
    title: 'a second audience, when it must be the only one',
    source: 'RFC 9700 section 2.3',
    mint: { provider: 'keycloak', claims: { aud: [dialects.keycloak.audience, 'account'] } },
    preset: { exactAudience: true },
    reason: 'audience_not_exclusive',
  },
  {
    title: 'a client that is not accepted',
    source: 'RFC 9068 section 4',
    mint: { provider: 'keycloak', claims: { azp: 'other' } },
    preset: { clientIds: [known.clientId] },
    reason: 'client_not_allowed',
  },
  {
    title: 'a lightweight token, which says too little',
    source: 'Keycloak, lightweight access tokens',
    mint: { provider: 'keycloak', claims: { sub: undefined, aud: undefined, name: undefined, email: undefined } },
    reason: 'claim_missing',
  },
  {
    title: 'the encryption key of the realm',
    source: 'RFC 7517 section 4.2',
    mint: { provider: 'keycloak', key: testKeys.encryption, algorithm: 'RS256' },
    reason: 'key_unknown',
  },
]

const entraId: readonly RefusedProviderCase[] = [
  {
    title: 'version 1.0 where version 2.0 is expected',
    source: 'Microsoft identity platform, accessTokenAcceptedVersion',
    mint: { provider: 'entraIdV2', issuer: dialects.entraIdV1.issuer, claims: { ver: '1.0' } },
    reason: 'issuer_unknown',
  },
  {
    title: 'version 2.0 where version 1.0 is expected',
    source: 'Microsoft identity platform, accessTokenAcceptedVersion',
    mint: { provider: 'entraIdV1', issuer: dialects.entraIdV2.issuer, claims: { ver: '2.0' } },
    reason: 'issuer_unknown',
  },
  {
    title: 'a version that does not fit its issuer',
    source: 'Microsoft identity platform, ver',
    mint: { provider: 'entraIdV2', claims: { ver: '1.0' } },
    reason: 'claim_invalid',
  },
  {
    title: 'another tenant',
    source: 'Microsoft identity platform, multi-tenant applications',
    mint: {
      provider: 'entraIdV2',
      issuer: `https://login.microsoftonline.com/${otherTenant}/v2.0`,
      claims: { tid: otherTenant },
    },
    reason: 'tenant_not_allowed',
  },
  {
    title: 'a tid of another tenant under the right issuer',
    source: 'Microsoft identity platform, tid',
    mint: { provider: 'entraIdV2', claims: { tid: otherTenant } },
    reason: 'tenant_not_allowed',
  },
  {
    title: 'the tid of an accepted tenant under the issuer of another',
    source: 'Microsoft identity platform, multi-tenant applications',
    mint: { provider: 'entraIdV2', issuer: `https://login.microsoftonline.com/${otherTenant}/v2.0` },
    reason: 'tenant_not_allowed',
  },
  {
    title: 'the issuer of a sovereign cloud',
    source: 'Microsoft identity platform, national clouds',
    mint: { provider: 'entraIdV2', issuer: `https://login.microsoftonline.us/${known.entraTenant}/v2.0` },
    reason: 'issuer_unknown',
  },
  ...['common', 'organizations', 'consumers'].map(
    (name): RefusedProviderCase => ({
      title: `the issuer of the endpoint ${name}`,
      source: 'Microsoft identity platform, multi-tenant applications',
      mint: { provider: 'entraIdV2', issuer: `https://login.microsoftonline.com/${name}/v2.0` },
      reason: 'tenant_not_allowed',
    }),
  ),
  {
    title: 'the issuer with its placeholder',
    source: 'Microsoft identity platform, discovery of common',
    mint: { provider: 'entraIdV2', issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' },
    reason: 'tenant_not_allowed',
  },
  {
    title: 'a token for Microsoft Graph',
    source: 'Microsoft identity platform, tokens of Microsoft APIs',
    mint: { provider: 'entraIdV2', audience: '00000003-0000-0000-c000-000000000000' },
    reason: 'audience_mismatch',
  },
  {
    title: 'a nonce in the header, as tokens for Microsoft Graph have',
    source: 'Microsoft identity platform, tokens of Microsoft APIs',
    mint: { provider: 'entraIdV2', header: { nonce: 'AQABAAAAAAA' } },
    reason: 'not_an_access_token',
  },
  {
    title: 'the application id URI where the id is expected',
    source: 'Microsoft identity platform, aud of version 2.0',
    mint: { provider: 'entraIdV2', audience: `api://${known.entraApi}` },
    reason: 'audience_mismatch',
  },
  {
    title: 'neither scope nor roles',
    source: 'Microsoft identity platform, client credentials without app roles',
    mint: { provider: 'entraIdV2', caller: 'service', claims: { roles: undefined } },
    reason: 'not_an_access_token',
  },
  {
    title: 'roles that are none',
    source: 'Microsoft identity platform, client credentials without app roles',
    mint: { provider: 'entraIdV2', caller: 'service', claims: { roles: [] } },
    reason: 'not_an_access_token',
  },
  {
    title: 'a guest of another tenant',
    source: 'Microsoft identity platform, idp',
    mint: { provider: 'entraIdV2', claims: { idp: `https://sts.windows.net/${otherTenant}/` } },
    reason: 'guest_not_allowed',
  },
  {
    title: 'a guest by her account',
    source: 'Microsoft identity platform, acct',
    mint: { provider: 'entraIdV2', claims: { acct: 1 } },
    reason: 'guest_not_allowed',
  },
  {
    title: 'no oid',
    source: 'Microsoft identity platform, oid',
    mint: { provider: 'entraIdV2', claims: { oid: undefined } },
    reason: 'claim_missing',
  },
  {
    title: 'roles that are a string',
    source: 'Microsoft identity platform, roles',
    mint: { provider: 'entraIdV2', claims: { roles: 'Customer.Admin' } },
    reason: 'claim_invalid',
  },
  {
    title: 'scp that is a list',
    source: 'Microsoft identity platform, scp',
    mint: { provider: 'entraIdV2', claims: { scp: known.scope.split(' ') } },
    reason: 'claim_invalid',
  },
  {
    title: 'ES256, which Entra ID does not use',
    source: 'RFC 8725 section 3.1',
    mint: { provider: 'entraIdV2', key: testKeys.p256 },
    reason: 'key_unknown',
  },
  {
    title: 'a token that lives 28 hours, as continuous access evaluation gives',
    source: 'Microsoft identity platform, continuous access evaluation',
    mint: { provider: 'entraIdV2', lifetimeSeconds: 28 * 3600 },
    reason: 'lifetime_too_long',
  },
]

const okta: readonly RefusedProviderCase[] = [
  {
    title: 'the org authorization server',
    source: 'Okta, org authorization server tokens are not to be validated',
    mint: { provider: 'okta', issuer: 'https://company.okta.com' },
    reason: 'issuer_unknown',
  },
  {
    title: 'another authorization server of the same organization',
    source: 'Okta, custom authorization servers',
    mint: { provider: 'okta', issuer: 'https://company.okta.com/oauth2/aus0other' },
    reason: 'issuer_unknown',
  },
  {
    title: 'the type of tokens that are for Okta alone',
    source: 'Okta, org authorization server',
    mint: { provider: 'okta', header: { typ: 'application/okta-internal-at+jwt' } },
    reason: 'not_an_access_token',
  },
  {
    title: 'scp that is a string',
    source: 'Okta, access token claims',
    mint: { provider: 'okta', claims: { scp: known.scope } },
    reason: 'claim_invalid',
  },
  {
    title: 'scope instead of scp',
    source: 'Okta, access token claims',
    mint: { provider: 'okta', claims: { scp: undefined, scope: known.scope } },
    reason: 'claim_missing',
  },
  {
    title: 'an empty uid',
    source: 'Okta, access token claims',
    mint: { provider: 'okta', claims: { uid: '' } },
    reason: 'claim_missing',
  },
  {
    title: 'no client',
    source: 'Okta, access token claims',
    mint: { provider: 'okta', claims: { cid: undefined } },
    reason: 'claim_missing',
  },
]

const auth0: readonly RefusedProviderCase[] = [
  {
    title: 'the issuer without its slash',
    source: 'Auth0, iss ends with a slash',
    mint: { provider: 'auth0', issuer: 'https://company.eu.auth0.com' },
    reason: 'issuer_unknown',
  },
  {
    title: 'a token for userinfo alone',
    source: 'Auth0, access tokens without an audience parameter',
    mint: { provider: 'auth0', claims: { aud: 'https://company.eu.auth0.com/userinfo' } },
    reason: 'audience_mismatch',
  },
  {
    title: 'a list of audiences with another API',
    source: 'RFC 9700 section 2.3',
    mint: { provider: 'auth0', claims: { aud: [dialects.auth0.audience, 'https://other.company.com/'] } },
    reason: 'audience_not_exclusive',
  },
  {
    title: 'the management API',
    source: 'Auth0, management API tokens',
    mint: { provider: 'auth0', claims: { aud: 'https://company.eu.auth0.com/api/v2/' } },
    reason: 'audience_mismatch',
  },
  {
    title: 'an empty client',
    source: 'Auth0, access token profiles',
    mint: { provider: 'auth0', claims: { azp: '' } },
    reason: 'claim_missing',
  },
  {
    title: 'no client at all',
    source: 'Auth0, access token profiles',
    mint: { provider: 'auth0', claims: { azp: undefined } },
    reason: 'claim_missing',
  },
  {
    title: 'at+jwt without jti',
    source: 'RFC 9068 section 2.2',
    mint: { provider: 'auth0Rfc9068', claims: { jti: undefined } },
    reason: 'claim_missing',
  },
  {
    title: 'permissions that are a string',
    source: 'Auth0, RBAC',
    mint: { provider: 'auth0', claims: { permissions: 'read:customers', 'https://company.com/roles': 7 } },
    reason: 'claim_invalid',
  },
  {
    title: 'a token of 30 days',
    source: 'Auth0, longest lifetime of an API token',
    mint: { provider: 'auth0', lifetimeSeconds: 2_592_000 },
    reason: 'lifetime_too_long',
  },
]

const cognito: readonly RefusedProviderCase[] = [
  {
    title: 'no audience and another client of the same pool',
    source: 'Amazon Cognito, verifying a token: client_id',
    mint: { provider: 'cognito', claims: { aud: undefined, client_id: 'other0client0of0the0pool' } },
    reason: 'audience_missing',
  },
  {
    title: 'the right audience and another client of the same pool',
    source: 'Amazon Cognito, verifying a token: client_id',
    mint: { provider: 'cognito', claims: { client_id: 'other0client0of0the0pool' } },
    reason: 'client_not_allowed',
  },
  {
    title: 'no token_use',
    source: 'Amazon Cognito, verifying a token: token_use',
    mint: { provider: 'cognito', claims: { token_use: undefined } },
    reason: 'claim_missing',
  },
  {
    title: 'token_use id',
    source: 'Amazon Cognito, verifying a token: token_use',
    mint: { provider: 'cognito', claims: { token_use: 'id' } },
    reason: 'not_an_access_token',
  },
  {
    title: 'a pool of the same name in another region',
    source: 'Amazon Cognito, issuer',
    mint: {
      provider: 'cognito',
      issuer: dialects.cognito.issuer.replace('cognito-idp.eu-central-1', 'cognito-idp.us-east-1'),
    },
    reason: 'issuer_unknown',
  },
  {
    title: 'another pool of the same region',
    source: 'Amazon Cognito, issuer',
    mint: { provider: 'cognito', issuer: dialects.cognito.issuer.replace('Example01', 'Example02') },
    reason: 'issuer_unknown',
  },
  {
    title: 'a token for Cognito itself',
    source: 'Amazon Cognito, aws.cognito.signin.user.admin',
    mint: { provider: 'cognito', claims: { scope: 'aws.cognito.signin.user.admin' } },
    reason: 'not_an_access_token',
  },
]

const adfs: readonly RefusedProviderCase[] = [
  {
    title: 'a token for the userinfo of AD FS',
    source: 'AD FS, token without a resource',
    mint: { provider: 'adfs', audience: 'urn:microsoft:userinfo' },
    reason: 'audience_mismatch',
  },
  {
    title: 'a token for us and for the userinfo of AD FS',
    source: 'AD FS, token without a resource',
    mint: { provider: 'adfs', claims: { aud: [dialects.adfs.audience, 'urn:microsoft:userinfo'] } },
    reason: 'not_an_access_token',
  },
  {
    title: 'its address by http where only the name may be http',
    source: 'AD FS, access_token_issuer',
    mint: { provider: 'adfs', issuer: 'http://adfs.company.com/adfs' },
    reason: 'issuer_unknown',
  },
  {
    title: 'the services of another host',
    source: 'AD FS, access_token_issuer',
    mint: { provider: 'adfs', issuer: 'http://adfs.other.com/adfs/services/trust' },
    reason: 'issuer_unknown',
  },
  {
    title: 'a role that is a number',
    source: 'AD FS, issuance transform rules',
    mint: { provider: 'adfs', claims: { role: 7 } },
    reason: 'claim_invalid',
  },
  {
    title: 'no client',
    source: 'AD FS, appid',
    mint: { provider: 'adfs', claims: { appid: undefined } },
    reason: 'claim_missing',
  },
]

const google: readonly RefusedProviderCase[] = [
  {
    title: 'an ID token, which is all that Google signs',
    source: 'Google Identity, access tokens are opaque',
    mint: { provider: 'google' },
    reason: 'not_an_access_token',
  },
  {
    title: 'an ID token of a service account',
    source: 'Google Identity, access tokens are opaque',
    mint: { provider: 'google', caller: 'service' },
    reason: 'not_an_access_token',
  },
]

const oauthIssuer: readonly RefusedProviderCase[] = [
  ...['JWT', 'jwt', undefined].map(
    (typ): RefusedProviderCase => ({
      title: `typ ${typ ?? 'left out'}`,
      source: 'RFC 9068 section 4',
      mint: { provider: 'oauthIssuer', header: { typ } },
      reason: 'not_an_access_token',
    }),
  ),
  ...['exp', 'iat', 'jti', 'sub', 'client_id'].map(
    (claim): RefusedProviderCase => ({
      title: `no ${claim}`,
      source: 'RFC 9068 section 2.2',
      mint: { provider: 'oauthIssuer', claims: { [claim]: undefined } },
      reason: 'claim_missing',
    }),
  ),
  {
    title: 'no audience',
    source: 'RFC 9068 section 2.2',
    mint: { provider: 'oauthIssuer', claims: { aud: undefined } },
    reason: 'audience_missing',
  },
  {
    title: 'a token that expired a minute ago',
    source: 'RFC 9068 section 4',
    mint: { provider: 'oauthIssuer', now: frozenNow - 360 },
    reason: 'expired',
  },
]

/** Tokens that must be refused, for each provider, each one thing away from a valid one. */
export const refusedTokens: readonly RefusedProviderCase[] = [
  ...keycloak,
  ...entraId,
  ...okta,
  ...auth0,
  ...cognito,
  ...adfs,
  ...google,
  ...oauthIssuer,
]
