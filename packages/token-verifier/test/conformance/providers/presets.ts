import { dialects, known, type ProviderDialect } from '@mcp-identity/test-kit'
import {
  adfs,
  auth0,
  cognito,
  entraId,
  google,
  type IssuerProfile,
  keycloak,
  oauthIssuer,
  okta,
} from '../../../src/index.ts'

/** Settings that a case may change. */
export interface PresetChanges {
  readonly clientIds?: readonly string[]
  readonly exactAudience?: boolean
  readonly acceptGuests?: boolean
  readonly includeRealmRoles?: boolean
  readonly tokenVersions?: readonly ('1.0' | '2.0')[]
  readonly tenants?: readonly string[]
  readonly groupsWhenAbsent?: 'none' | 'unknown'
  readonly acceptUserAdminOnly?: boolean
}

/** Makes the preset for one dialect, with its key set on loopback. */
export const presets: Readonly<Record<ProviderDialect, (jwksUri: string, changes?: PresetChanges) => IssuerProfile>> = {
  keycloak: (jwksUri, changes) => keycloak({ ...common('keycloak', jwksUri), ...changes }),
  entraIdV2: (jwksUri, changes) => entraId({ ...common('entraIdV2', jwksUri), ...changes }),
  entraIdV1: (jwksUri, changes) => entraId({ ...common('entraIdV1', jwksUri), ...changes }),
  okta: (jwksUri, changes) => okta({ ...common('okta', jwksUri), ...changes }),
  auth0: (jwksUri, changes) =>
    auth0({ ...common('auth0', jwksUri), claimNamespace: 'https://company.com/', ...changes }),
  auth0Rfc9068: (jwksUri, changes) =>
    auth0({ ...common('auth0Rfc9068', jwksUri), claimNamespace: 'https://company.com/', ...changes }),
  cognito: (jwksUri, changes) =>
    cognito({ ...common('cognito', jwksUri), clientIds: [known.cognitoClient], ...changes }),
  google: (jwksUri, changes) => google({ ...common('google', jwksUri), ...changes }),
  adfs: (jwksUri, changes) => adfs({ ...common('adfs', jwksUri), issuer: 'https://adfs.company.com/adfs', ...changes }),
  oauthIssuer: (jwksUri, changes) => oauthIssuer({ ...common('oauthIssuer', jwksUri), ...changes }),
}

function common(dialect: ProviderDialect, jwksUri: string) {
  const { issuer, audience } = dialects[dialect]
  return { issuer, audience, jwksUri, dangerouslyAllowInsecureHttp: true }
}
