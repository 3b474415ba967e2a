import { readStrings } from '../claim-values.ts'
import { refuse } from '../token-error.ts'
import { checkIssuerAddress, defineIssuer } from './define-issuer.ts'
import type { Check, Dialect, IssuerProfile, IssuerSettings } from './issuer-profile.ts'

/**
 * A custom authorization server of Okta, `https://{domain}/oauth2/{id}`.
 *
 * Tokens of the org authorization server (`https://{domain}`) are not meant to be verified by anybody but Okta, so
 * that issuer cannot be configured. The subject is `uid`, which stays, not `sub`, which is the login and changes.
 * Groups are unknown unless a groups claim was configured: then set `groupsWhenAbsent: 'none'`.
 *
 * @throws {TypeError} A setting is missing or wrong.
 */
export function okta(settings: IssuerSettings): IssuerProfile {
  const { pathname } = checkIssuerAddress(settings)
  if (!/^\/oauth2\/[^/]+$/.test(pathname)) {
    throw new TypeError('issuer of Okta must be a custom authorization server, https://{domain}/oauth2/{id}')
  }
  return defineIssuer(settings, {
    provider: 'okta',
    jwksUri: `${settings.issuer}/v1/keys`,
    algorithms: ['RS256'],
    headerTypes: [undefined, 'jwt', 'at+jwt'],
    requiredClaims: ['exp', 'iat', 'sub', 'jti', 'cid', 'scp'],
    dialect,
    kindChecks: [checkTokenId],
  })
}

const dialect: Dialect = {
  subject: ['uid', 'sub'],
  clientId: ['cid'],
  tokenId: ['jti'],
  sessionId: ['sid'],
  scope: { claim: 'scp', form: 'array' },
  email: ['email'],
  name: ['name'],
  department: ['department'],
  tenant: [],
  groups: { claim: 'groups', whenAbsent: 'unknown' },
  roles: (claims) => readStrings(claims, 'roles'),
  isService: ({ uid, sub, cid }) => uid === undefined && sub === cid,
}

/** Okta writes the kind of a token in front of its id: `AT.` for access tokens, `ID.` for ID tokens. */
const checkTokenId: Check = ({ claims: { jti, nonce } }) => {
  if (nonce !== undefined || (typeof jti === 'string' && jti.startsWith('ID.'))) {
    refuse('not_an_access_token', 'an ID token is not an access token')
  }
}
