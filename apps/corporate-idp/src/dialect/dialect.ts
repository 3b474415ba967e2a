import { type Provider, type ProviderAddresses, providerAddresses } from '@mcp-identity/provider-dialects'
import type { Person } from '../directory/person.ts'

/** The MCP server as an API of this provider; absent, the provider issues no access tokens for anybody. */
export interface Api {
  /** Its resource URI. */
  readonly resource: string
  readonly scopes: readonly string[]
  /** Group of the directory → scopes of the API. */
  readonly scopesOfGroup: Readonly<Record<string, readonly string[]>>
}

/** A provider's dialect at one place: its table, its addresses, and the API that it issues tokens for. */
export interface Dialect {
  readonly provider: Provider
  /** Without a slash at its end. */
  readonly origin: string
  readonly addresses: ProviderAddresses
  readonly api: Api | undefined
}

export function createDialect(provider: Provider, origin: string, api?: Api): Dialect {
  return { provider, origin, addresses: providerAddresses(provider, origin), api }
}

/** The name under which a client asks for a scope of the API. */
export function askedScope({ provider, api }: Dialect, scope: string): string {
  return provider.scopes.asked === 'prefixed' ? `${api?.resource}/${scope}` : scope
}

/** The scopes of the API that a person may have, as they are asked for. */
export function scopesFor(dialect: Dialect, person: Person | undefined): readonly string[] {
  const { provider, api } = dialect
  if (api === undefined) return []
  const groups = person?.groups ?? []
  const held = new Set(groups.flatMap((group) => api.scopesOfGroup[group] ?? []))
  const isFree = person === undefined || provider.scopes.granted === 'to everybody'
  return api.scopes.filter((scope) => isFree || held.has(scope)).map((scope) => askedScope(dialect, scope))
}
