import { readStringOrStrings } from '../claim-values.ts'
import { checkSecureAddress } from '../secure-address.ts'
import { refuse } from '../token-error.ts'
import { defineIssuer } from './define-issuer.ts'
import type { Check, Dialect, IssuerProfile, IssuerSettings } from './issuer-profile.ts'

/** Settings of AD FS. */
export interface AdfsSettings extends IssuerSettings {
  /**
   * `access_token_issuer` in the metadata of the AD FS: the `iss` of its access tokens. It is a name, not an address,
   * and usually begins with http. Default: `http://{host}/adfs/services/trust`.
   */
  readonly accessTokenIssuer?: string
  /** The claim that says whom a token is about, such as `primarysid` where no `sub` is issued. Default `sub`. */
  readonly subjectClaim?: string
}

/**
 * Active Directory Federation Services, `https://{host}/adfs`.
 *
 * Its access tokens name another issuer than its metadata does. `auth_time` is an ISO text in them, `sid` a security
 * identifier and not a session, and `role` and `group` are bare when there is only one.
 *
 * @throws {TypeError} A setting is missing or wrong.
 */
export function adfs(settings: AdfsSettings): IssuerProfile {
  const { issuer, subjectClaim = 'sub', dangerouslyAllowInsecureHttp: allowsHttp = false } = settings
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) throw new TypeError('issuer must be an absolute URL')
  const { host } = new URL(issuer)
  const isServicesTrust = new URL(issuer).pathname === servicesTrust
  const accessTokenIssuer = settings.accessTokenIssuer ?? (isServicesTrust ? issuer : `http://${host}${servicesTrust}`)
  if (!isServicesTrust) checkSecureAddress('issuer', issuer, allowsHttp)
  return defineIssuer(settings, {
    provider: 'adfs',
    issuers: [...new Set(settings.accessTokenIssuer === undefined ? [issuer, accessTokenIssuer] : [accessTokenIssuer])],
    jwksUri: `${isServicesTrust ? `https://${host}/adfs` : issuer}/discovery/keys`,
    algorithms: ['RS256'],
    headerTypes: ['jwt', 'at+jwt'],
    requiredClaims: ['exp', 'iat', 'appid', subjectClaim],
    dialect: { ...dialect, subject: [subjectClaim] },
    kindChecks: [checkAudienceIsApi],
  })
}

const servicesTrust = '/adfs/services/trust'

const dialect: Omit<Dialect, 'subject'> = {
  clientId: ['appid'],
  tokenId: ['jti'],
  sessionId: [],
  scope: { claim: 'scp', form: 'string' },
  email: ['email', 'upn'],
  name: ['name', 'unique_name'],
  department: ['department'],
  tenant: [],
  groups: { claim: 'group', whenAbsent: 'unknown' },
  roles: (claims) => [...readStringOrStrings(claims, 'role'), ...readStringOrStrings(claims, 'roles')],
  isService: ({ upn, unique_name: name, sub, appid }) =>
    upn === undefined && name === undefined && (sub === undefined || sub === appid),
}

/** Without a `resource` AD FS issues tokens for its own userinfo endpoint, and `nonce` is in its ID tokens. */
const checkAudienceIsApi: Check = ({ claims: { aud, nonce } }) => {
  if (nonce !== undefined) refuse('not_an_access_token', 'an ID token is not an access token')
  if ([aud].flat().includes('urn:microsoft:userinfo')) {
    refuse('not_an_access_token', 'a token for urn:microsoft:userinfo is for the AD FS itself')
  }
}
