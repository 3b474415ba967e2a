import { groupOfEverybody, secretPlaceholders } from './names.ts'
import { groupGrants } from './permissions.ts'
import type { ImportedComponent } from './registration-policies.ts'
import type { ActiveDirectorySettings } from './settings.ts'

/** Provider types under which the directory and its mappers stand in `components`. */
export const userStorageType = 'org.keycloak.storage.UserStorageProvider'
const mapperType = 'org.keycloak.storage.ldap.mappers.LDAPStorageMapper'

/** Everybody who is somebody has this primary group; guests and computers have others (MS-ADTS section 6.1.1.6). */
const domainUsersRid = 513

/** How long Keycloak waits for a domain controller, in milliseconds: as long as a person at a sign-in page will. */
const timeoutMs = 3_000

/**
 * The company's Active Directory as Keycloak's own source of people: passwords are checked by the domain controller,
 * nothing is written to it, and nothing about a person is believed for longer than one request.
 */
export function buildUserStorage(directory: ActiveDirectorySettings): ImportedComponent {
  return {
    name: 'active-directory',
    providerId: 'ldap',
    subComponents: { [mapperType]: buildMappers(directory) },
    config: listed({
      enabled: 'true',
      priority: '0',
      vendor: 'ad',
      connectionUrl: directory.url,
      startTls: 'false',
      // The CA stands in Keycloak's truststore, and no other is believed.
      useTruststoreSpi: 'always',
      authType: 'simple',
      bindDn: directory.bindDn,
      bindCredential: secretPlaceholders.directoryReader,
      usersDn: directory.peopleDn,
      searchScope: '2',
      // Its members are let in at all; the primary group itself stands in no list of members that LDAP could search.
      customUserSearchFilter: `(primaryGroupID=${domainUsersRid})`,
      userObjectClasses: 'person, organizationalPerson, user',
      usernameLDAPAttribute: 'sAMAccountName',
      rdnLDAPAttribute: 'cn',
      uuidLDAPAttribute: 'objectGUID',
      editMode: 'READ_ONLY',
      importEnabled: 'true',
      // Who is gone from the directory counts as disabled. Were she deleted at the next look, as Keycloak does by default,
      // nobody could find any more whose tokens have to end, and Keycloak would record nothing.
      removeInvalidUsersEnabled: 'false',
      syncRegistrations: 'false',
      validatePasswordPolicy: 'false',
      trustEmail: 'false',
      pagination: 'true',
      connectionPooling: 'true',
      connectionTimeout: String(timeoutMs),
      readTimeout: String(timeoutMs),
      // With any other policy somebody who was disabled goes on refreshing until the cache forgets her.
      cachePolicy: 'NO_CACHE',
      fullSyncPeriod: '-1',
      changedSyncPeriod: '-1',
      allowKerberosAuthentication: 'false',
    }),
  }
}

function buildMappers({ groupsDn, attributes }: ActiveDirectorySettings): ImportedComponent[] {
  const { department = 'department', country = 'c', zoneinfo } = attributes ?? {}
  return [
    // The names that Keycloak would choose for Active Directory take the last name for the whole one.
    attribute('username', 'sAMAccountName', { mandatory: true }),
    attribute('firstName', 'givenName'),
    attribute('lastName', 'sn'),
    attribute('email', 'mail'),
    attribute('department', department),
    attribute('country', country),
    ...(zoneinfo === undefined ? [] : [attribute('zoneinfo', zoneinfo)]),
    {
      name: 'account control',
      providerId: 'msad-user-account-control-mapper',
      subComponents: {},
      config: listed({ 'always.read.enabled.value.from.ldap': 'true' }),
    },
    groupMapper(groupsDn),
    {
      name: 'primary group',
      providerId: 'hardcoded-ldap-group-mapper',
      subComponents: {},
      config: listed({ group: `/${groupOfEverybody}` }),
    },
  ]
}

function attribute(name: string, ldapAttribute: string, { mandatory = false } = {}): ImportedComponent {
  return {
    name,
    providerId: 'user-attribute-ldap-mapper',
    subComponents: {},
    config: listed({
      'user.model.attribute': name,
      'ldap.attribute': ldapAttribute,
      'read.only': 'true',
      'always.read.value.from.ldap': 'true',
      'is.mandatory.in.ldap': String(mandatory),
    }),
  }
}

/**
 * Groups that grant something, by name, wherever somebody stands in them: also as a member of a group inside
 * (LDAP_MATCHING_RULE_IN_CHAIN, MS-ADTS section 3.1.1.3.4.4.3). Other groups of the directory never reach the realm.
 */
function groupMapper(groupsDn: string): ImportedComponent {
  const names = groupGrants.map(({ group }) => group).filter((group) => group !== groupOfEverybody)
  return {
    name: 'groups',
    providerId: 'group-ldap-mapper',
    subComponents: {},
    config: listed({
      'groups.dn': groupsDn,
      'groups.ldap.filter': `(|${names.map((name) => `(cn=${name})`).join('')})`,
      'group.name.ldap.attribute': 'cn',
      'group.object.classes': 'group',
      'groups.path': '/',
      mode: 'READ_ONLY',
      'membership.ldap.attribute': 'member',
      'membership.attribute.type': 'DN',
      'membership.user.ldap.attribute': 'sAMAccountName',
      'user.roles.retrieve.strategy': 'LOAD_GROUPS_BY_MEMBER_ATTRIBUTE_RECURSIVELY',
      'memberof.ldap.attribute': 'memberOf',
      'preserve.group.inheritance': 'false',
      'ignore.missing.groups': 'true',
      'drop.non.existing.groups.during.sync': 'false',
    }),
  }
}

/** Keycloak keeps every setting of a component as a list. */
function listed(config: Record<string, string>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, [value]]))
}

const refused =
  'Not signed in. Either the name or the password is wrong, or the account is disabled, locked or expired, or its password has to be changed first. Change it at a company computer, or ask IT.'

/**
 * Keycloak stops passing passwords on before the domain would lock the account, whose threshold is five or more almost
 * everywhere, and longer than the half hour in which a domain counts: nobody outside can lock people out of the domain
 * by typing their names here.
 */
export const guessingLimits = { failureFactor: 3, waitIncrementSeconds: 900, maxFailureWaitSeconds: 1_800 }

/**
 * What Keycloak's own sign-in page says. It does not tell a wrong password from an account that is locked, expired, or
 * waits for a new password: to whom it did, it would tell which names exist. So the person reads all that it can mean.
 */
export const signInTexts = {
  en: {
    invalidUserMessage: refused,
    accountDisabledMessage: refused,
    accountTemporarilyDisabledMessage: refused,
    unexpectedErrorHandlingRequestMessage:
      'Not signed in. The company directory does not answer at the moment. Nothing is wrong with your account: try again in a few minutes.',
  },
}
