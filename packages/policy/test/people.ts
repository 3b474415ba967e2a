import type { PolicyCaller } from '../src/index.ts'

const issuer = 'https://sso.company.com/realms/company'

function person(username: string, department: string, group: string | undefined, more: Partial<PolicyCaller> = {}) {
  const groups = group === undefined ? ['All Staff'] : ['All Staff', group]
  const place = { zoneinfo: 'America/New_York', country: 'US' }
  const email = `${username}@company.com`
  return {
    kind: 'person',
    issuer,
    subject: username,
    clientId: 'mcp-cli',
    email,
    department,
    groups,
    ...place,
    ...more,
  } as const
}

/** The people and services of the demonstration. */
export const people = {
  alice: person('alice', 'Engineering', 'Customer Admins'),
  anna: person('anna', 'Sales', 'Customer Readers'),
  bob: person('bob', 'Sales West', 'Account Managers', { zoneinfo: 'America/Los_Angeles' }),
  carol: person('carol', 'IT', 'Administrators', { zoneinfo: 'Europe/Berlin', country: 'DE' }),
  dave: person('dave', 'Operations', 'Operations'),
  erin: person('erin', 'Finance Analytics', undefined),
  ivan: person('ivan', 'IT', 'Directory Administrators'),
  'nightly-report': { kind: 'service', issuer, subject: 'service-1', clientId: 'nightly-report', groups: [] },
} as const satisfies Record<string, PolicyCaller>
