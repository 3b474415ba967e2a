import type { Provider } from './provider.ts'

/** A provider's addresses at one origin. */
export interface ProviderAddresses {
  /** `iss` of ID tokens and of the metadata. */
  issuer: string
  /** `iss` of access tokens. */
  accessTokenIssuer: string
  authorization: string
  token: string
  keys: string
  userInfo: string
  endSession: string
  revocation?: string
}

/** @param origin Without a slash at its end. */
export function providerAddresses({ paths, accessTokenIssuer }: Provider, origin: string): ProviderAddresses {
  const issuer = `${origin}${paths.issuer}`
  return {
    issuer,
    accessTokenIssuer: accessTokenIssuer?.(new URL(origin).host) ?? issuer,
    authorization: `${origin}${paths.authorization}`,
    token: `${origin}${paths.token}`,
    keys: `${origin}${paths.keys}`,
    userInfo: `${origin}${paths.userInfo}`,
    endSession: `${origin}${paths.endSession}`,
    ...(paths.revocation === undefined ? {} : { revocation: `${origin}${paths.revocation}` }),
  }
}
