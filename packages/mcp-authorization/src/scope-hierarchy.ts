/** Which scopes a broad scope implies, as data: `{ 'write:customers': ['write:own-data', 'read:customers'] }`. */
export type ScopeHierarchySettings = Readonly<Record<string, readonly string[]>>

/** Answers questions about scopes that imply other scopes. */
export interface ScopeHierarchy {
  /** The granted scopes and all that they imply. */
  expand(granted: readonly string[]): ReadonlySet<string>
  /** The scopes of which each alone grants `scope`: itself first, then the broader ones. */
  grantedBy(scope: string): readonly string[]
}

/** RFC 6749 section 3.3: `scope-token`. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Makes a hierarchy of scopes from a table; implication is transitive.
 *
 * @throws {TypeError} A name is not a scope token (RFC 6749 section 3.3).
 */
export function createScopeHierarchy(settings: ScopeHierarchySettings): ScopeHierarchy {
  const implied = new Map<string, ReadonlySet<string>>()
  for (const broad of Object.keys(settings)) implied.set(broad, closure(broad, settings))
  const expand = (granted: readonly string[]): ReadonlySet<string> => {
    const all = new Set<string>(granted)
    for (const scope of granted) for (const narrow of implied.get(scope) ?? []) all.add(narrow)
    return all
  }
  return {
    expand,
    grantedBy(scope) {
      const broader = [...implied]
        .filter(([broad, narrow]) => broad !== scope && narrow.has(scope))
        .map(([broad]) => broad)
      return [scope, ...broader]
    },
  }
}

/** @throws {TypeError} A name is not a scope token (RFC 6749 section 3.3). */
export function assertScopes(scopes: readonly string[], setting: string): void {
  for (const scope of scopes) {
    if (typeof scope !== 'string' || !SCOPE_TOKEN.test(scope)) {
      throw new TypeError(`${setting} must list scope tokens (RFC 6749 section 3.3), found ${JSON.stringify(scope)}`)
    }
  }
}

function closure(broad: string, settings: ScopeHierarchySettings): ReadonlySet<string> {
  const all = new Set<string>()
  const open = [broad]
  for (let scope = open.pop(); scope !== undefined; scope = open.pop()) {
    if (all.has(scope)) continue
    all.add(scope)
    open.push(...(settings[scope] ?? []))
  }
  assertScopes([...all], 'scopeHierarchy')
  return all
}
