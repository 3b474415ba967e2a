/** A person of the doubles. The same names as in the demonstration, with less behind them. */
export interface DoublePerson {
  username: string
  name: string
  email: string
  department: string
  zoneinfo: string
  groups: string[]
  scopes: string[]
  isActive: boolean
}

const everyone = (
  username: string,
  name: string,
  department: string,
  groups: string[],
  scopes: string[],
): DoublePerson => ({
  username,
  name,
  email: `${username}@company.com`,
  department,
  zoneinfo: 'America/New_York',
  groups: ['All Staff', ...groups],
  scopes: ['own:sessions', ...scopes],
  isActive: true,
})

const all = ['read:customers', 'write:own-data', 'write:customers', 'admin:reports', 'read:finance']

export function doublePeople(): DoublePerson[] {
  return [
    everyone('alice', 'Alice Archer', 'Engineering', ['Customer Admins'], all.slice(0, 3)),
    everyone('anna', 'Anna Albers', 'Sales', ['Customer Readers'], ['read:customers']),
    everyone('bob', 'Bob Brandt', 'Sales West', ['Account Managers'], ['read:customers', 'write:own-data']),
    everyone('carol', 'Carol Castillo', 'IT', ['Administrators'], all),
    everyone('dave', 'Dave Dorsey', 'Operations', ['Operations'], ['read:customers', 'admin:reports']),
    everyone('erin', 'Erin Ellis', 'Finance Analytics', [], []),
    everyone(
      'ivan',
      'Ivan Ibarra',
      'IT',
      ['Directory Administrators'],
      ['admin:reports', 'directory:admin', 'realm:keys'],
    ),
  ]
}
