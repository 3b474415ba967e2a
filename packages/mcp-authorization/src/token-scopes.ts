import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { ScopeHierarchy } from './scope-hierarchy.ts'

/** What the scopes of a token are good for at one resource. */
export interface TokenScopes {
  /** Whether the scopes of a token hold or imply all of these. */
  has(token: VerifiedAccessToken, scopes: readonly string[]): boolean
  /**
   * All scopes to ask for so that the token covers these and keeps what it has: clients that do not join old and new
   * scopes would otherwise lose one for the other. In the order in which scopes are published.
   */
  toAskFor(token: VerifiedAccessToken, scopes: readonly string[]): readonly string[]
}

/** Makes {@link TokenScopes}; what a token implies is worked out once. */
export function createTokenScopes(supported: readonly string[], hierarchy: ScopeHierarchy): TokenScopes {
  const expanded = new WeakMap<VerifiedAccessToken, ReadonlySet<string>>()
  const expand = (token: VerifiedAccessToken): ReadonlySet<string> => {
    const known = expanded.get(token)
    if (known !== undefined) return known
    const all = hierarchy.expand(token.scopes)
    expanded.set(token, all)
    return all
  }
  return {
    has(token, scopes) {
      if (scopes.length === 0) return true
      const held = expand(token)
      return scopes.every((scope) => held.has(scope))
    },
    toAskFor(token, scopes) {
      const wanted = new Set([...scopes, ...token.scopes.filter((scope) => supported.includes(scope))])
      const published = supported.filter((scope) => wanted.delete(scope))
      return [...published, ...wanted]
    },
  }
}
