import { type Fetch, type FetchLimits, fetchDocument } from './fetch-document.ts'

/** The metadata of an authorization server, as it publishes it. */
export type AuthorizationServerMetadata = Readonly<Record<string, unknown>>

/**
 * Where an issuer may publish its metadata: RFC 8414 section 3.1 puts the well-known part between host and path,
 * OpenID Connect Discovery 1.0 section 4 behind the path.
 */
export function metadataAddresses(issuer: string): readonly URL[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname === '/' ? '' : pathname
  const withoutSlash = issuer.endsWith('/') ? issuer.slice(0, -1) : issuer
  return [
    new URL(`${origin}/.well-known/oauth-authorization-server${path}`),
    new URL(`${withoutSlash}/.well-known/openid-configuration`),
  ]
}

/**
 * Fetches the metadata of an issuer and insists that it is that issuer's, character by character (RFC 8414 section 3.3).
 *
 * @throws {Error} None of the addresses gave it.
 */
export async function fetchMetadata(
  issuer: string,
  limits: FetchLimits,
  fetchFrom: Fetch,
): Promise<AuthorizationServerMetadata> {
  for (const address of metadataAddresses(issuer)) {
    const { status, document } = await fetchDocument(address, {}, limits, fetchFrom)
    if (status !== 200 || document === undefined) continue
    if (document.issuer !== issuer) throw new Error(`its metadata at ${address} is that of another issuer`)
    return document
  }
  throw new Error('it publishes no metadata')
}
