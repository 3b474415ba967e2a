import type { ReviewedAccount } from '../../api/access-review.ts'
import type { Person } from '../../api/people.ts'

/** Groups of one person that the directory and the realm do not agree on. */
export interface Drift {
  username: string
  name: string
  /** In the directory, not in the realm: she lacks what she should have. */
  missing: string[]
  /** In the realm, not in the directory: she has what nobody gives her any more. */
  extra: string[]
  /** Enabled in the realm though the directory has disabled her. */
  isStillEnabled: boolean
}

/**
 * Compares the company directory with the realm, person by person. Who never signed in is not in the realm, and is no
 * drift; a person of the realm whom the directory does not know is.
 */
export function findDrift(people: readonly Person[], accounts: readonly ReviewedAccount[]): Drift[] {
  const known = new Map(people.map((person) => [person.username, person]))
  return accounts
    .filter(({ kind }) => kind === 'person')
    .map(({ username, name, groups, isEnabled }) => {
      const person = known.get(username)
      const wanted = person?.groups ?? []
      return {
        username,
        name: name ?? username,
        missing: wanted.filter((group) => !groups.includes(group)),
        extra: groups.filter((group) => !wanted.includes(group)),
        isStillEnabled: isEnabled && person?.active !== true,
      }
    })
    .filter(({ missing, extra, isStillEnabled }) => missing.length > 0 || extra.length > 0 || isStillEnabled)
}
