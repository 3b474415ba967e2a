import { readStrings } from '../claim-values.ts'
import { type IntrospectionSettings, introspectTokens } from '../online/introspection.ts'
import { checkIssuerAddress, defineIssuer } from './define-issuer.ts'
import type { Dialect, IssuerProfile, IssuerSettings } from './issuer-profile.ts'

/** Settings of an authorization server. */
export interface OAuthIssuerSettings extends IssuerSettings {
  /** Ask it about opaque tokens, or about all. Default: it is never asked. */
  readonly introspection?: IntrospectionSettings
}

/**
 * Any authorization server that issues access tokens as RFC 9068 writes them: header `typ` `at+jwt`, and `iss`, `exp`,
 * `aud`, `sub`, `client_id`, `iat`, `jti` all present. Without `jwksUri` its metadata is asked (RFC 8414, then OpenID
 * Connect Discovery).
 *
 * @throws {TypeError} A setting is missing or wrong.
 */
export function oauthIssuer(settings: OAuthIssuerSettings): IssuerProfile {
  checkIssuerAddress(settings)
  const { issuer, introspection, dangerouslyAllowInsecureHttp: allowInsecureHttp = false } = settings
  return defineIssuer(settings, {
    provider: 'oauth',
    algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'],
    headerTypes: ['at+jwt'],
    requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id'],
    dialect,
    kindChecks: [],
    online: introspection && introspectTokens(introspection, { issuer, usualEndpoint: undefined, allowInsecureHttp }),
  })
}

const dialect: Dialect = {
  subject: ['sub'],
  clientId: ['client_id'],
  tokenId: ['jti'],
  sessionId: ['sid'],
  scope: { claim: 'scope', form: 'string' },
  email: ['email'],
  name: ['name'],
  department: ['department'],
  tenant: [],
  // RFC 9068 section 2.2.3.1, in the names of RFC 7643.
  groups: { claim: 'groups', whenAbsent: 'unknown' },
  roles: (claims) => readStrings(claims, 'roles'),
  isService: (claims) => claims.sub === claims.client_id,
}
