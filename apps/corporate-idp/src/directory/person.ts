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

/** What the directory says about somebody beside her names for machines, her groups and whether she is active. */
export type Profile = Pick<Person, 'givenName' | 'familyName' | 'email' | 'department' | 'zoneinfo' | 'country'>

/** Somebody who begins. */
export type NewPerson = Omit<Person, 'active' | 'lastSignedInAtMs'>

/** Somebody who was taken out of the directory. */
export type Departed = Pick<Person, 'username' | 'subject' | 'lastSignedInAtMs'>

/** What an administrator changes about somebody; what is not there stays as it is. */
export interface PersonChange {
  active?: boolean
  groups?: readonly string[]
  profile?: Partial<Profile>
  /** A new password, in clear text; kept as a hash only. */
  password?: string
}

export function fullName({ givenName, familyName }: Pick<Person, 'givenName' | 'familyName'>): string {
  return `${givenName} ${familyName}`
}
