/** Somebody whose password everybody knows. Development only: shown on the sign-in page, refused in production. */
export interface DevelopmentPerson {
  username: string
  /** Never changes and never passes to somebody else. */
  subject: string
  givenName: string
  familyName: string
  email: string
  department: string
  /** IANA time zone, such as `Europe/Berlin`. */
  zoneinfo: string
  /** ISO 3166-1 alpha-2. */
  country: string
  /** Names, in alphabetical order. */
  groups: string[]
  password: string
}

/** The group that everybody is in. It opens the door and grants nothing behind it. */
export const groupOfEverybody = 'All Staff'

/** Every group of the company. */
export const companyGroups = [
  'Account Managers',
  'Administrators',
  groupOfEverybody,
  'Customer Admins',
  'Customer Readers',
  'Data Analysts',
  'Directory Administrators',
  'Operations',
]

/** The people of the demonstration. The subject is the number on their badge. */
export const developmentPeople: readonly DevelopmentPerson[] = [
  person('emp-1001', 'Alice', 'Moreau', 'Engineering', ['Customer Admins']),
  person('emp-1002', 'Anna', 'Lindqvist', 'Sales', ['Customer Readers']),
  person('emp-1003', 'Bob', 'Tanaka', 'Sales West', ['Account Managers'], { zoneinfo: 'America/Los_Angeles' }),
  person('emp-1004', 'Carol', 'Weber', 'IT', ['Administrators'], { zoneinfo: 'Europe/Berlin', country: 'DE' }),
  person('emp-1005', 'Dave', 'Okafor', 'Operations', ['Operations']),
  person('emp-1006', 'Erin', 'Walsh', 'Finance Analytics', []),
  person('emp-1007', 'Ivan', 'Petrov', 'IT', ['Directory Administrators']),
]

function person(
  subject: string,
  givenName: string,
  familyName: string,
  department: string,
  groups: string[],
  place: { zoneinfo: string; country?: string } = { zoneinfo: 'America/New_York' },
): DevelopmentPerson {
  const username = givenName.toLowerCase()
  return {
    username,
    subject,
    givenName,
    familyName,
    email: `${username}@company.com`,
    department,
    country: 'US',
    ...place,
    groups: [groupOfEverybody, ...groups].sort(),
    password: `${username}-at-company`,
  }
}
