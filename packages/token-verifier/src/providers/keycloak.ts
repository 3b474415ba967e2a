import { isObject, readStrings } from '../claim-values.ts'
import { type IntrospectionSettings, introspectTokens } from '../online/introspection.ts'
import { refuse } from '../token-error.ts'
import type { Claims } from '../verified-access-token.ts'
import { checkIssuerAddress, defineIssuer } from './define-issuer.ts'
import type { Check, Dialect, IssuerProfile, IssuerSettings } from './issuer-profile.ts'

/** Settings of a Keycloak realm. */
export interface KeycloakSettings extends IssuerSettings {
  /** Also give these realm roles of the caller. Default false: only the client roles of the audience are hers here. */
  readonly includeRealmRoles?: boolean
  /** Ask Keycloak about lightweight tokens, which say next to nothing, or about all. Default: it is never asked. */
  readonly introspection?: IntrospectionSettings
}

/**
 * A Keycloak realm, `https://{host}/realms/{realm}`.
 *
 * Keycloak writes the kind of a token into the claim `typ`: `Bearer` and `DPoP` are access tokens; `ID`, `Refresh`,
 * `Offline`, `Logout` and all others are refused. A token that Keycloak issued without an audience mapper has no `aud`
 * for this resource server and is refused. Groups are unknown when the token has no `groups` claim, which is what a
 * group mapper gives.
 *
 * @throws {TypeError} A setting is missing or wrong.
 */
export function keycloak(settings: KeycloakSettings): IssuerProfile {
  checkIssuerAddress(settings)
  const { issuer, introspection, dangerouslyAllowInsecureHttp: allowInsecureHttp = false } = settings
  const usualEndpoint = `${issuer}/protocol/openid-connect/token/introspect`
  return defineIssuer(settings, {
    provider: 'keycloak',
    jwksUri: `${issuer}/protocol/openid-connect/certs`,
    algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'],
    headerTypes: ['jwt', 'at+jwt', undefined],
    requiredClaims: ['exp', 'iat', 'jti', 'sub', 'azp', 'typ'],
    dialect: { ...dialect, roles: settings.includeRealmRoles === true ? clientAndRealmRoles : clientRoles },
    kindChecks: [checkPayloadType],
    online: introspection && introspectTokens(introspection, { issuer, usualEndpoint, allowInsecureHttp }),
  })
}

const dialect: Omit<Dialect, 'roles'> = {
  subject: ['sub'],
  clientId: ['azp'],
  tokenId: ['jti'],
  sessionId: ['sid'],
  scope: { claim: 'scope', form: 'string' },
  email: ['email'],
  name: ['name'],
  department: ['department'],
  tenant: ['organization_id'],
  groups: { claim: 'groups', whenAbsent: 'unknown' },
  isService: (claims) => typeof claims.client_id === 'string' && isServiceAccount(claims.preferred_username),
}

function isServiceAccount(name: unknown): boolean {
  return typeof name === 'string' && name.startsWith('service-account-')
}

/** Client roles of the audience: `resource_access[audience].roles`. */
function clientRoles(claims: Claims, audiences: readonly string[]): readonly string[] {
  const access = claims.resource_access
  if (access === undefined) return []
  if (!isObject(access)) return refuse('claim_invalid', '"resource_access" must be an object')
  return audiences.length === 1
    ? rolesOf(access[audiences[0] ?? ''])
    : audiences.flatMap((audience) => rolesOf(access[audience]))
}

function rolesOf(client: unknown): readonly string[] {
  return isObject(client) ? readStrings(client, 'roles') : []
}

function clientAndRealmRoles(claims: Claims, audiences: readonly string[]): readonly string[] {
  const realm = claims.realm_access
  return [...clientRoles(claims, audiences), ...rolesOf(realm)]
}

const accessTokenTypes: readonly unknown[] = ['Bearer', 'DPoP']

const checkPayloadType: Check = ({ claims }) => {
  if (accessTokenTypes.includes(claims.typ)) return
  refuse('not_an_access_token', '"typ" in the payload must be Bearer or DPoP')
}
