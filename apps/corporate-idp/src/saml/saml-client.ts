import type { ClientMetadata } from 'oidc-provider'

/**
 * The SAML side of this IdP as a client of its own OpenID Provider: people sign in on the same page and into the same
 * session, whichever way the request came. Its codes are redeemed within this process and never at the token endpoint.
 */
export const samlClientId = 'company-saml'

/** Where the browser comes back to when somebody is signed in, below the origin. */
export const continuePath = '/saml/sso/continue'

export function describeSamlClient(origin: string): ClientMetadata {
  return {
    client_id: samlClientId,
    client_name: 'SAML single sign-on',
    redirect_uris: [`${origin}${continuePath}`],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'none',
  }
}
