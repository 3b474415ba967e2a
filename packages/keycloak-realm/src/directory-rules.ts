import { userStorageType } from './active-directory.ts'
import type { CheckedRule, LintableRealm, RealmFinding } from './realm-rule.ts'

/** An LDAP directory as a realm holds it. */
export interface Directory {
  /** Where in the realm: `components[active-directory]`. */
  path: string
  /** Undefined: not set, so that Keycloak's default counts. */
  setting(name: string): string | undefined
  mappers: readonly StoredComponent[]
}

interface StoredComponent {
  name?: string
  providerId?: string
  config?: Record<string, string[]>
  subComponents?: Record<string, StoredComponent[]>
}

/** The LDAP directories that a realm takes people from. Those that are switched off do not count. */
export function directoriesOf({ components }: LintableRealm): Directory[] {
  const found = (components as Record<string, StoredComponent[]> | undefined)?.[userStorageType] ?? []
  return found
    .filter(({ providerId, config }) => providerId === 'ldap' && config?.enabled?.[0] !== 'false')
    .map(({ name, config, subComponents = {} }) => ({
      path: `components[${name}]`,
      setting: (key) => config?.[key]?.[0],
      mappers: Object.values(subComponents).flat(),
    }))
}

/** A rule about one directory. */
interface DirectoryRule extends Omit<CheckedRule, 'check'> {
  /** What is wrong: `setting: what it should be`. */
  problems(directory: Directory): [setting: string, message: string][]
}

/** What must hold of a directory behind Keycloak, so that its word is right, safe and heard at once. */
export const directoryRules: readonly CheckedRule[] = rules([
  {
    id: 'KC-31',
    title: 'a directory is reached over TLS',
    mend: 'User federation → the directory → Connection URL: ldaps:// for every address; a simple bind carries the password.',
    problems: ({ setting }) => {
      const url = setting('connectionUrl') ?? ''
      const isSafe = url !== '' && url.split(' ').every((address) => address.startsWith('ldaps://'))
      return isSafe ? [] : [['connectionUrl', `must be ldaps:// addresses, found ${url}`]]
    },
  },
  {
    id: 'KC-32',
    title: 'a directory is believed under a CA that Keycloak was given',
    mend: 'User federation → the directory → Use Truststore SPI: Always; start Keycloak with --truststore-paths naming the CA of the directory.',
    problems: mustBe('useTruststoreSpi', 'always'),
  },
  {
    id: 'KC-33',
    title: 'a directory is read and never written',
    mend: 'User federation → the directory → Edit mode: READ_ONLY, Sync Registrations: off.',
    problems: (directory) => [
      ...mustBe('editMode', 'READ_ONLY')(directory),
      ...(directory.setting('syncRegistrations') === 'true'
        ? [['syncRegistrations', 'must be off'] as [string, string]]
        : []),
    ],
  },
  {
    id: 'KC-34',
    title: 'a directory is read by an account of its own, which is no administrator',
    mend: 'User federation → the directory → Bind type: simple; Bind DN: an account that is in no group but Domain Users. Whether its groups give it more, the realm does not show.',
    problems: (directory) => [
      ...mustBe('authType', 'simple')(directory),
      ...(isAdministrator(directory.setting('bindDn') ?? '')
        ? [['bindDn', `must not be an administrator, found ${directory.setting('bindDn')}`] as [string, string]]
        : []),
    ],
  },
  {
    id: 'KC-35',
    title: 'who is disabled in the directory gets nothing more at once',
    mend: 'User federation → the directory → Cache policy: NO_CACHE. With any other she goes on refreshing until the cache forgets her.',
    problems: mustBe('cachePolicy', 'NO_CACHE'),
  },
  {
    id: 'KC-36',
    title: 'an account that is disabled in Active Directory is disabled in Keycloak',
    mend: 'User federation → the directory → Mappers: add msad-user-account-control-mapper, Always Read Enabled Value From LDAP: on.',
    problems: ({ setting, mappers }) => {
      const reads = mappers.some(
        ({ providerId, config }) =>
          providerId === 'msad-user-account-control-mapper' &&
          config?.['always.read.enabled.value.from.ldap']?.[0] === 'true',
      )
      return setting('vendor') !== 'ad' || reads
        ? []
        : [['mappers', 'must have msad-user-account-control-mapper, always reading from the directory']]
    },
  },
  {
    id: 'KC-37',
    title: 'who was removed from the directory can be found, and her tokens ended',
    mend: 'User federation → the directory → Import users: on, Remove invalid users during searches: off. Deleted at the next look, nobody knows any more whose tokens have to end.',
    problems: (directory) => [
      ...mustBe('importEnabled', 'true')(directory),
      ...mustBe('removeInvalidUsersEnabled', 'false')(directory),
    ],
  },
])

function rules(list: readonly DirectoryRule[]): CheckedRule[] {
  return list.map(({ problems, ...rule }) => ({
    ...rule,
    check: (realm): Omit<RealmFinding, 'rule'>[] =>
      directoriesOf(realm).flatMap((directory) =>
        problems(directory).map(([name, message]) => ({ path: `${directory.path}.${name}`, message })),
      ),
  }))
}

function mustBe(name: string, value: string): DirectoryRule['problems'] {
  return ({ setting }) => (setting(name) === value ? [] : [[name, `must be ${value}, found ${setting(name)}`]])
}

/** By its name in any of the forms that a bind takes: distinguished name, user principal name, account of a domain. */
function isAdministrator(bindDn: string): boolean {
  return /^(?:cn=|[^\\]*\\)?(?:administrator|domain admins?)(?:[,@]|$)/i.test(bindDn.trim())
}
