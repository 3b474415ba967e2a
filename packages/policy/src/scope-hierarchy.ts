/** The scopes granted, and all that they include. */
export function includedScopes(
  granted: readonly string[],
  hierarchy: Readonly<Record<string, readonly string[]>>,
): Set<string> {
  const found = new Set<string>()
  const open = [...granted]
  for (let scope = open.pop(); scope !== undefined; scope = open.pop()) {
    if (found.has(scope)) continue
    found.add(scope)
    if (Object.hasOwn(hierarchy, scope)) open.push(...(hierarchy[scope] ?? []))
  }
  return found
}
