import type { WorkforcePerson } from '@mcp-identity/keycloak-realm'

/**
 * The people whom the matrix signs in. The corporate IdP knows them already; Keycloak, where it is the provider, is given
 * them, with the published passwords of the demonstration.
 */
export const matrixPeople = {
  alice: person('emp-1001', 'Alice', 'Moreau', 'Engineering', ['All Staff', 'Customer Admins']),
  dave: person('emp-1005', 'Dave', 'Okafor', 'Operations', ['All Staff', 'Operations']),
  erin: person('emp-1006', 'Erin', 'Walsh', 'Finance Analytics', ['All Staff']),
} as const

export type MatrixPerson = keyof typeof matrixPeople

function person(
  subject: string,
  givenName: string,
  familyName: string,
  department: string,
  groups: string[],
): WorkforcePerson {
  const username = givenName.toLowerCase()
  return {
    subject,
    username,
    givenName,
    familyName,
    email: `${username}@company.com`,
    department,
    zoneinfo: 'America/New_York',
    country: 'US',
    groups,
    password: `${username}-at-company`,
  }
}
