import { askTokenInfo, type TokenInfoSettings } from '../online/google-token-info.ts'
import { checkSecureAddress } from '../secure-address.ts'
import { refuse } from '../token-error.ts'
import { defineIssuer } from './define-issuer.ts'
import type { Check, Dialect, IssuerProfile, IssuerSettings } from './issuer-profile.ts'

/** Settings of Google Identity. */
export interface GoogleSettings extends Omit<IssuerSettings, 'issuer' | 'audience'> {
  /** Default `https://accounts.google.com`. */
  readonly issuer?: string
  /** The OAuth client ids whose tokens are accepted: Google's tokens are for a client, never for an API. */
  readonly audience: string | readonly string[]
  /** Accept only people of these Workspace domains, by the claim `hd`, never by their address. Default: anybody. */
  readonly hostedDomains?: readonly string[]
  /** Default `https://oauth2.googleapis.com/tokeninfo`. */
  readonly tokenInfoUri?: string
  /** Asked for `hd`, which tokeninfo does not tell. Default `https://openidconnect.googleapis.com/v1/userinfo`. */
  readonly userInfoUri?: string
  /** How long an answer of Google is used, in seconds, 0 to 300. Default 60. */
  readonly cacheSeconds?: number
}

/**
 * Google Identity. Its access tokens are opaque, so Google is asked about each (`tokeninfo`); a signed token of Google
 * is an ID token and refused.
 *
 * @throws {TypeError} A setting is missing or wrong.
 */
export function google(settings: GoogleSettings): IssuerProfile {
  const { issuer = 'https://accounts.google.com', hostedDomains, cacheSeconds = 60 } = settings
  if (!(cacheSeconds >= 0 && cacheSeconds <= 300)) throw new TypeError('cacheSeconds must be 0 to 300')
  if (settings.audience === undefined) throw new TypeError('audience must name the OAuth client ids that are accepted')
  const tokenInfo = readTokenInfoSettings(settings, issuer)
  return defineIssuer(
    { ...settings, issuer },
    {
      provider: 'google',
      algorithms: ['RS256'],
      headerTypes: [],
      hasSignedTokens: false,
      requiredClaims: ['exp', 'sub', 'azp'],
      dialect,
      kindChecks: hostedDomains === undefined ? [] : [checkHostedDomain(hostedDomains)],
      online: {
        takesOpaque: (compactToken) => compactToken.startsWith('ya29.'),
        completes: () => false,
        ask: (compactToken, exchange) => askTokenInfo(compactToken, tokenInfo, exchange),
        cacheSeconds,
      },
    },
  )
}

const dialect: Dialect = {
  subject: ['sub'],
  clientId: ['azp'],
  tokenId: [],
  sessionId: [],
  scope: { claim: 'scope', form: 'string' },
  email: ['email'],
  name: ['name'],
  department: [],
  tenant: ['hd'],
  groups: { claim: 'groups', whenAbsent: 'unknown' },
  roles: () => [],
  isService: ({ email }) => typeof email === 'string' && email.endsWith('.gserviceaccount.com'),
}

function readTokenInfoSettings(settings: GoogleSettings, issuer: string): TokenInfoSettings {
  const allowsHttp = settings.dangerouslyAllowInsecureHttp === true
  const tokenInfoUri = settings.tokenInfoUri ?? 'https://oauth2.googleapis.com/tokeninfo'
  const userInfoUri = settings.userInfoUri ?? 'https://openidconnect.googleapis.com/v1/userinfo'
  return {
    issuer,
    tokenInfoUri: checkSecureAddress('tokenInfoUri', tokenInfoUri, allowsHttp),
    userInfoUri: settings.hostedDomains && checkSecureAddress('userInfoUri', userInfoUri, allowsHttp),
  }
}

function checkHostedDomain(domains: readonly string[]): Check {
  return ({ claims: { hd } }) => {
    if (domains.some((domain) => domain === hd)) return
    refuse('domain_not_allowed', `"hd" must be ${domains.join(' or ')}`)
  }
}
