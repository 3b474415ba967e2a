import type { DirectoryGroup } from './read-directory.ts'

/**
 * The groups that somebody is in: directly, and through groups that are members of others. Rings of groups do no harm.
 *
 * @returns Looks up by distinguished name in lower case; gives distinguished names of groups, sorted: a group that has
 *   another name is another group to whoever grants by name.
 */
export function resolveMemberships(groups: Iterable<DirectoryGroup>): (dn: string) => string[] {
  const above = new Map<string, DirectoryGroup[]>()
  for (const group of groups) {
    for (const member of group.members) {
      const known = above.get(member)
      if (known === undefined) above.set(member, [group])
      else known.push(group)
    }
  }
  return (dn) => {
    const found = new Set<string>()
    const open = [dn]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const group of above.get(next) ?? []) {
        if (found.has(group.dn)) continue
        found.add(group.dn)
        open.push(group.dn)
      }
    }
    return [...found].sort()
  }
}
