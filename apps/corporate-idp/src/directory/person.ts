/** Somebody who works for the company, as the directory knows her. */
export interface Person {
  username: string
  /** Never changes and never passes to somebody else: the `sub` of her ID tokens. */
  subject: string
  givenName: string
  familyName: string
  email: string
  department: string
  /** IANA time zone, such as `Europe/Berlin`. */
  zoneinfo: string
  /** ISO 3166-1 alpha-2. */
  country: string
  active: boolean
  /** Names, in alphabetical order. */
  groups: string[]
  /** When an ID token about her was last issued. Milliseconds since the epoch. */
  lastSignedInAtMs?: number
}

/** What an administrator changes about somebody; what is not there stays as it is. */
export interface PersonChange {
  active?: boolean
  groups?: readonly string[]
  /** A new password, in clear text; kept as a hash only. */
  password?: string
}

export function fullName({ givenName, familyName }: Pick<Person, 'givenName' | 'familyName'>): string {
  return `${givenName} ${familyName}`
}
