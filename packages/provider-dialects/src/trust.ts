import { providerAddresses } from './addresses.ts'
import type { Provider } from './provider.ts'

/** One entry of MCP_ISSUERS. */
export type IssuerEntry = { provider: string; issuer: string } & Readonly<Record<string, unknown>>

/**
 * What an MCP server is told to trust a provider directly: one entry of MCP_ISSUERS.
 *
 * @param groups Names of the company's groups, for providers whose tokens hold ids.
 */
export function issuerEntry(
  provider: Provider,
  origin: string,
  resource: string,
  groups: readonly string[],
): IssuerEntry {
  const { issuer } = providerAddresses(provider, origin)
  const groupNames = Object.fromEntries(groups.map((group) => [provider.groups.valueOf(group), group]))
  return {
    issuer,
    ...(provider.verifier(origin, resource) as { provider: string }),
    ...(provider.groups.form === 'ids' ? { groupNames } : {}),
  }
}

/**
 * Who may tell that MCP server that somebody's access has ended: one entry of MCP_SIGNALS' transmitters. It speaks under
 * the name that access tokens have for their issuer, which at AD FS is not the one of the metadata.
 */
export function transmitterEntry(provider: Provider, origin: string) {
  const { keys, accessTokenIssuer } = providerAddresses(provider, origin)
  return { issuer: accessTokenIssuer, jwksUri: keys }
}
