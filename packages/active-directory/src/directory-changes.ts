import type { AccountState } from './account-state.ts'
import type { DirectoryPerson } from './read-directory.ts'

/** What is remembered of a person, to know later what has changed. */
export interface KnownPerson {
  username: string
  state: AccountState
  passwordSetAt: string
  lockedAt: string
  /** Distinguished names of the groups that she is in, also through others; sorted. */
  groups: string[]
}

/** Something that happened to a person in the directory and that the holders of her tokens have to hear. */
export interface DirectoryChange {
  /** `access_ended`: whatever she was given is void. `permissions_changed`: her groups are others now. */
  kind: 'access_ended' | 'permissions_changed'
  /** `objectGUID` */
  id: string
  username: string
  cause: Exclude<AccountState, 'active'> | 'credential_changed' | 'removed' | 'groups_changed' | 'enabled'
}

export function rememberPerson(person: DirectoryPerson, groups: string[]): KnownPerson {
  const { username, state, passwordSetAt, lockedAt } = person
  return { username, state, passwordSetAt, lockedAt, groups }
}

/**
 * What a difference means. Of somebody who was never seen before only that she is not let in counts.
 *
 * @param now Undefined: she is gone.
 */
export function findChange(
  id: string,
  before: KnownPerson | undefined,
  now: KnownPerson | undefined,
): DirectoryChange | undefined {
  if (now === undefined) {
    return before && { kind: 'access_ended', id, username: before.username, cause: 'removed' }
  }
  const named = { id, username: now.username }
  if (now.state !== 'active') {
    const isKnown = before?.state === now.state && before.lockedAt === now.lockedAt
    if (!isKnown) return { kind: 'access_ended', ...named, cause: now.state }
  }
  if (before === undefined) return undefined
  if (before.passwordSetAt !== now.passwordSetAt) return { kind: 'access_ended', ...named, cause: 'credential_changed' }
  if (before.groups.join() !== now.groups.join())
    return { kind: 'permissions_changed', ...named, cause: 'groups_changed' }
  return undefined
}
