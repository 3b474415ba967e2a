import type { Provider } from '../providers/issuer-profile.ts'
import type { Claims } from '../verified-access-token.ts'

/** Issuers and claims by which tokens of a provider can be told. The first that fits counts. */
const marks: readonly (readonly [Provider, RegExp, string?])[] = [
  [
    'entra-id',
    /^https:\/\/(?:login\.(?:microsoftonline|partner\.microsoftonline)\.[a-z]+|sts\.windows\.net)\//,
    'xms_act_fct',
  ],
  ['cognito', /^https:\/\/(?:issuer-)?cognito-idp\./, 'token_use'],
  ['google', /^(?:https:\/\/)?accounts\.google\.com$/],
  ['adfs', /\/adfs(?:\/services\/trust)?$/, 'apptype'],
  ['keycloak', /\/realms\/[^/]+$/],
  ['okta', /\.okta(?:preview|-emea)?\.com(?:\/|$)/, 'cid'],
  ['auth0', /\.auth0\.com\/$/, 'gty'],
]

/** Guesses from `iss`, and where that says nothing from claims, whose dialect a token is written in. */
export function guessProvider(claims: Claims): Provider {
  const issuer = typeof claims.iss === 'string' ? claims.iss : ''
  const byIssuer = marks.find(([, pattern]) => pattern.test(issuer))
  const byClaim = marks.find(([, , claim]) => claim !== undefined && claims[claim] !== undefined)
  return (byIssuer ?? byClaim)?.[0] ?? 'oauth'
}
