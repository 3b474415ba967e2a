import type { ClaimNames, DirectoryPerson } from './provider.ts'

/** Where a provider answers for SAML 2.0. */
export interface SamlAddresses {
  /** Its entityID, and where its metadata is (SAML Metadata 4.1.1: one address for both). */
  entityId: string
  singleSignOn: string
  singleLogout: string
}

/** @param origin Without a slash at its end. */
export function samlAddresses(origin: string): SamlAddresses {
  return {
    entityId: `${origin}/saml/metadata`,
    singleSignOn: `${origin}/saml/sso`,
    singleLogout: `${origin}/saml/slo`,
  }
}

/** Which attribute of the assertion says what: names as in LDAP, in the basic format (SAML Core 8.2.3). */
export const samlAttributeNames = {
  username: 'uid',
  usernameIsAddress: false,
  email: 'mail',
  givenName: 'givenName',
  familyName: 'sn',
  department: 'department',
  zoneinfo: 'zoneinfo',
  country: 'c',
  groups: 'groups',
} as const satisfies ClaimNames

/** A person as attributes of an assertion. Somebody without groups has no attribute for them. */
export function samlAttributesOf(person: DirectoryPerson): [name: string, values: readonly string[]][] {
  const names = samlAttributeNames
  const all: [string, readonly string[]][] = [
    [names.username, [person.username]],
    [names.email, [person.email]],
    [names.givenName, [person.givenName]],
    [names.familyName, [person.familyName]],
    [names.department, [person.department]],
    [names.zoneinfo, [person.zoneinfo]],
    [names.country, [person.country]],
    [names.groups, person.groups],
  ]
  return all.filter(([, values]) => values.length > 0)
}
