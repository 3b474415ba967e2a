import { refuse } from '../token-error.ts'
import type { Claims } from '../verified-access-token.ts'
import { checkIssuerAddress, defineIssuer } from './define-issuer.ts'
import type { Check, Dialect, IssuerProfile, IssuerSettings } from './issuer-profile.ts'

/** Settings of a Cognito user pool. */
export interface CognitoSettings extends IssuerSettings {
  /** Also accept tokens whose only scope is `aws.cognito.signin.user.admin`, as signing in by the SDK gives. Default false. */
  readonly acceptUserAdminOnly?: boolean
}

/**
 * A user pool of AWS Cognito, `https://cognito-idp.{region}.amazonaws.com/{poolId}` or its newer form
 * `https://issuer-cognito-idp.…`; each stands for both.
 *
 * Tokens that are not bound to a resource have no `aud`. Such a token is accepted when its `client_id` is one of
 * `clientIds`, or of `audience` if no `clientIds` are given; one with `aud` must contain an accepted audience.
 * Without `groups` in the token the caller is in none.
 *
 * @throws {TypeError} A setting is missing or wrong.
 */
export function cognito(settings: CognitoSettings): IssuerProfile {
  checkIssuerAddress(settings)
  if (settings.clientIds === undefined && settings.audience === undefined) {
    throw new TypeError('cognito needs clientIds or audience: its tokens say for whom they are only by the client')
  }
  return defineIssuer(settings, {
    provider: 'cognito',
    issuers: bothForms(settings.issuer),
    jwksUri: `${settings.issuer}/.well-known/jwks.json`,
    algorithms: ['RS256'],
    headerTypes: [undefined, 'jwt', 'at+jwt'],
    requiredClaims: ['exp', 'iat', 'sub', 'jti', 'client_id', 'token_use'],
    isMeantForUs: ({ client_id: clientId }, accepted) => (settings.clientIds ?? accepted).some((id) => id === clientId),
    dialect,
    kindChecks: settings.acceptUserAdminOnly === true ? [checkTokenUse] : [checkTokenUse, checkNotUserAdminOnly],
  })
}

const dialect: Dialect = {
  subject: ['sub'],
  clientId: ['client_id'],
  tokenId: ['jti'],
  // The only claim that all tokens of one sign-in share.
  sessionId: ['origin_jti'],
  scope: { claim: 'scope', form: 'string' },
  email: ['email'],
  name: ['name', 'username'],
  department: ['custom:department', 'department'],
  tenant: [],
  groups: { claim: 'cognito:groups', whenAbsent: 'none' },
  roles: rolesNever,
  isService: ({ sub, client_id: clientId }) => sub === clientId,
}

function rolesNever(_claims: Claims): readonly string[] {
  return []
}

function bothForms(issuer: string): readonly string[] {
  const { protocol, host, pathname } = new URL(issuer)
  const other = host.startsWith('issuer-cognito-idp.') ? host.slice('issuer-'.length) : `issuer-${host}`
  return /^(issuer-)?cognito-idp\./.test(host) ? [issuer, `${protocol}//${other}${pathname}`] : [issuer]
}

const checkTokenUse: Check = ({ claims: { token_use: use } }) => {
  if (use !== 'access') refuse('not_an_access_token', '"token_use" must be access')
}

const userAdmin = 'aws.cognito.signin.user.admin'

const checkNotUserAdminOnly: Check = ({ claims: { scope } }) => {
  if (scope === userAdmin) refuse('not_an_access_token', `a token for ${userAdmin} alone is for Cognito itself`)
}
