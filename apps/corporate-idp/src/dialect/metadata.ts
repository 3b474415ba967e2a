import type { Dialect } from './dialect.ts'

/**
 * The metadata document in the provider's form (OpenID Connect Discovery 1.0 section 3). `generic` has none here: the
 * OpenID Provider's own is the one by the book.
 */
export function describeProvider({ provider, addresses, origin, api }: Dialect): Record<string, unknown> {
  const { revocation } = addresses
  const { tokenInfo } = provider.paths
  const isForeignIssuer = addresses.accessTokenIssuer !== addresses.issuer
  return {
    issuer: addresses.issuer,
    ...(isForeignIssuer && { access_token_issuer: addresses.accessTokenIssuer }),
    authorization_endpoint: addresses.authorization,
    token_endpoint: addresses.token,
    jwks_uri: addresses.keys,
    userinfo_endpoint: addresses.userInfo,
    end_session_endpoint: addresses.endSession,
    ...(revocation !== undefined && { revocation_endpoint: revocation }),
    ...(tokenInfo !== undefined && { tokeninfo_endpoint: `${origin}${tokenInfo}` }),
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    scopes_supported: [...new Set([...provider.scopes.own, ...(api === undefined ? provider.idToken.scopes : [])])],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    code_challenge_methods_supported: ['S256'],
    ...provider.metadata,
  }
}
