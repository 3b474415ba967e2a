import { readStrings } from '../claim-values.ts'
import { refuse } from '../token-error.ts'
import { checkIssuerAddress, defineIssuer } from './define-issuer.ts'
import type { Check, Dialect, IssuerProfile, IssuerSettings } from './issuer-profile.ts'

/** Settings of an Auth0 tenant. */
export interface Auth0Settings extends IssuerSettings {
  /** Prefix of the claims that an Action adds: `email`, `name`, `department`, `groups`, `roles` are looked for under it. */
  readonly claimNamespace?: string
}

/**
 * An Auth0 tenant, `https://{tenant}.{region}.auth0.com/` or a custom domain, with the slash at the end.
 *
 * Takes both dialects, Auth0's own and RFC 9068. A token may also be meant for `{issuer}userinfo`, but for no other
 * audience unless `exactAudience` is false. `permissions` become the caller's roles and never scopes: a token without
 * `scope` has none.
 *
 * @throws {TypeError} A setting is missing or wrong.
 */
export function auth0(settings: Auth0Settings): IssuerProfile {
  checkIssuerAddress(settings)
  if (!settings.issuer.endsWith('/'))
    throw new TypeError('issuer of Auth0 must end with a slash, as its tokens have it')
  const { claimNamespace, claimNames } = settings
  return defineIssuer(
    { ...settings, claimNames: { ...(claimNamespace !== undefined && namesUnder(claimNamespace)), ...claimNames } },
    {
      provider: 'auth0',
      jwksUri: `${settings.issuer}.well-known/jwks.json`,
      algorithms: ['RS256', 'PS256'],
      headerTypes: ['jwt', 'at+jwt'],
      requiredClaims: ['exp', 'iat', 'sub'],
      exactAudience: true,
      companionAudiences: [`${settings.issuer}userinfo`],
      dialect,
      kindChecks: [checkRfc9068Claims],
    },
  )
}

const dialect: Dialect = {
  subject: ['sub'],
  clientId: ['azp', 'client_id'],
  tokenId: ['jti'],
  sessionId: ['sid'],
  scope: { claim: 'scope', form: 'string' },
  email: ['email'],
  name: ['name'],
  department: ['department'],
  tenant: ['org_id'],
  groups: { claim: 'groups', whenAbsent: 'unknown' },
  roles: (claims) => readStrings(claims, 'permissions'),
  isService: ({ gty, sub }) => gty === 'client-credentials' || (typeof sub === 'string' && sub.endsWith('@clients')),
}

function namesUnder(namespace: string) {
  return {
    email: `${namespace}email`,
    name: `${namespace}name`,
    department: `${namespace}department`,
    groups: `${namespace}groups`,
    roles: `${namespace}roles`,
  }
}

/** A token that says it is written as RFC 9068 asks must be. */
const checkRfc9068Claims: Check = ({ header, claims }) => {
  if (header?.type !== 'at+jwt') return
  for (const name of ['jti', 'client_id']) {
    if (claims[name] === undefined) refuse('claim_missing', `"${name}" is required in a token of type at+jwt`)
  }
}
