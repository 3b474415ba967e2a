import type { LintableRealm } from './realm-rule.ts'

export interface RealmDifference {
  /** `registered` is an added client that looks as if it registered itself: it needs consent and has no full scope. */
  kind: 'missing' | 'added' | 'changed' | 'registered'
  /** Where: `clients[mcp-cli].redirectUris`. */
  path: string
  /** What the code says; absent for `added`. */
  expected?: unknown
  /** What Keycloak has; absent for `missing`. */
  actual?: unknown
}

/**
 * Finds what was changed in a realm by hand since it was made from code.
 *
 * `actual` is what Keycloak's admin API gives: `POST …/partial-export?exportClients=true&exportGroupsAndRoles=true`,
 * or `GET` of the realm; a collection that it does not hold at all is not compared. Ids, Keycloak's own defaults, its
 * built-in clients, flows and roles, the order of lists, and secrets (Keycloak masks them) make no difference.
 * Users are not compared: they come from the directory.
 *
 * @returns Differences in a stable order; empty when the realm is as the code says.
 */
export function compareRealm(expected: LintableRealm, actual: LintableRealm): RealmDifference[] {
  const wanted = normalize(expected)
  const found = normalize(actual)
  return [
    ...compareSettings(wanted.settings, found.settings),
    ...Object.keys(collections).flatMap((name) => compareCollection(name, wanted.named[name], found.named[name])),
  ]
}

type Entry = Record<string, unknown>

interface Collection {
  /** Entries of the collection in a realm document; `undefined` when the document does not hold it. */
  entries(realm: LintableRealm): Entry[] | undefined
  name(entry: Entry): string
  /** Entries that Keycloak makes by itself and the code does not speak of. */
  isBuiltIn?(entry: Entry): boolean
  /** Members that say nothing about what a person decided. */
  ignored?: readonly string[]
}

const builtInClients = [
  '_system',
  'account',
  'account-console',
  'admin-cli',
  'broker',
  'realm-management',
  'security-admin-console',
]
const builtInRealmRoles = ['offline_access', 'uma_authorization']
const neverCompared = new Set(['id', 'internalId', 'secret', 'clientSecret', 'containerId', 'keycloakVersion'])

const collections: Record<string, Collection> = {
  clients: {
    entries: ({ clients }) => clients as Entry[] | undefined,
    name: ({ clientId }) => String(clientId),
    isBuiltIn: ({ clientId }) => builtInClients.includes(String(clientId)),
  },
  clientScopes: {
    entries: ({ clientScopes }) => clientScopes,
    name: ({ name }) => String(name),
  },
  clientScopeMappings: {
    entries: ({ clientScopeMappings }) => clientScopeMappings && scopeMappings(clientScopeMappings),
    name: ({ holder, owner }) => `${holder} -> ${owner}`,
  },
  scopeMappings: {
    entries: ({ scopeMappings }) => scopeMappings,
    name: ({ client, clientScope }) => String(clientScope ?? client),
    isBuiltIn: ({ clientScope }) => clientScope === 'offline_access',
  },
  groups: { entries: ({ groups }) => groups as Entry[] | undefined, name: ({ name }) => String(name) },
  'roles.realm': {
    entries: ({ roles }) => roles?.realm as Entry[] | undefined,
    name: ({ name }) => String(name),
    isBuiltIn: ({ name }) => builtInRealmRoles.includes(String(name)) || String(name).startsWith('default-roles-'),
  },
  'roles.client': {
    entries: ({ roles }) => roles?.client && clientRoles(roles.client),
    name: ({ client, name }) => `${client} ${name}`,
    isBuiltIn: ({ client }) => builtInClients.includes(String(client)),
  },
  identityProviders: {
    entries: ({ identityProviders }) => identityProviders as Entry[] | undefined,
    name: ({ alias }) => String(alias),
  },
  identityProviderMappers: {
    entries: ({ identityProviderMappers }) => identityProviderMappers,
    name: ({ identityProviderAlias, name }) => `${identityProviderAlias} ${name}`,
  },
  authenticationFlows: {
    entries: ({ authenticationFlows }) => authenticationFlows,
    name: ({ alias }) => String(alias),
    isBuiltIn: ({ builtIn }) => builtIn === true,
  },
  authenticatorConfig: {
    entries: ({ authenticatorConfig }) => authenticatorConfig,
    name: ({ alias }) => String(alias),
    // Those of built-in flows look the same; a new one does nothing until a flow names it, and flows are compared.
    isBuiltIn: () => true,
  },
  'clientProfiles.profiles': {
    entries: ({ clientProfiles }) => clientProfiles?.profiles as Entry[] | undefined,
    name: ({ name }) => String(name),
  },
  'clientPolicies.policies': {
    entries: ({ clientPolicies }) => clientPolicies?.policies as Entry[] | undefined,
    name: ({ name }) => String(name),
  },
  components: {
    entries: ({ components }) => (components ? securityComponents(components as Record<string, Entry[]>) : undefined),
    name: ({ type, subType, name, providerId }) => `${type} ${subType ?? ''} ${name ?? providerId}`.replace(/ +/g, ' '),
  },
}

/** Settings of the realm itself are those members of the expected document that are no collection. */
const collectionMembers = new Set([
  ...Object.keys(collections).map((name) => name.split('.')[0] ?? name),
  'users',
  'federatedUsers',
  'requiredActions',
])

interface NormalizedRealm {
  settings: Entry
  named: Record<string, Map<string, { entry: Entry; builtIn: boolean }> | undefined>
}

function normalize(realm: LintableRealm): NormalizedRealm {
  const settings = Object.fromEntries(Object.entries(realm).filter(([member]) => !collectionMembers.has(member)))
  const named = Object.fromEntries(
    Object.entries(collections).map(([name, collection]) => {
      const entries = collection.entries(realm)
      return [
        name,
        entries &&
          new Map(
            entries.map((entry) => [
              collection.name(entry),
              { entry: comparable(entry), builtIn: collection.isBuiltIn?.(entry) ?? false },
            ]),
          ),
      ]
    }),
  )
  return { settings, named }
}

function compareSettings(expected: Entry, actual: Entry): RealmDifference[] {
  return differences('', comparable(expected), comparable(actual))
}

function compareCollection(
  collection: string,
  expected: NormalizedRealm['named'][string],
  actual: NormalizedRealm['named'][string],
): RealmDifference[] {
  if (expected === undefined || actual === undefined) return []
  const wanted = [...expected].flatMap(([name, { entry }]): RealmDifference[] => {
    const path = `${collection}[${name}]`
    const found = actual.get(name)
    return found ? differences(`${path}.`, entry, found.entry) : [{ kind: 'missing', path, expected: entry }]
  })
  const added = [...actual]
    .filter(([name, { builtIn }]) => !builtIn && !expected.has(name))
    .map(
      ([name, { entry }]): RealmDifference => ({
        kind: entry.consentRequired === true && entry.fullScopeAllowed === false ? 'registered' : 'added',
        path: `${collection}[${name}]`,
        actual: entry,
      }),
    )
  return [...wanted, ...added]
}

/**
 * Compares only what the code speaks of, because Keycloak fills in every default. Two exceptions, both lists that
 * grant something: members that were added to them count.
 */
function differences(prefix: string, expected: Entry, actual: Entry): RealmDifference[] {
  return Object.entries(expected).flatMap(([member, wanted]): RealmDifference[] => {
    const path = `${prefix}${member}`
    const found = actual[member]
    if (isPlaceholder(wanted) || (isEmpty(wanted) && isEmpty(found))) return []
    if (omittedFromRealm.has(path) && found === undefined) return []
    if (isEntry(wanted) && isEntry(found)) {
      const inside = differences(`${path}.`, wanted, found)
      return grantingMaps.has(member) ? [...inside, ...addedMembers(path, wanted, found)] : inside
    }
    return sameValue(wanted, found) ? [] : [{ kind: 'changed', path, expected: wanted, actual: found }]
  })
}

/** Lists that Keycloak leaves out when a realm is read, and holds when it is exported. */
const omittedFromRealm = new Set(['defaultDefaultClientScopes', 'defaultOptionalClientScopes'])

/** Maps whose every member grants something, so that an unexpected member matters: client → roles. */
const grantingMaps = new Set(['clientRoles'])

function addedMembers(path: string, expected: Entry, actual: Entry): RealmDifference[] {
  return Object.entries(actual)
    .filter(([member, value]) => !(member in expected) && !isEmpty(value))
    .map(([member, value]) => ({ kind: 'added', path: `${path}.${member}`, actual: value }))
}

/** A copy without ids and secrets, with named lists as maps and plain lists sorted. */
function comparable(entry: Entry): Entry {
  return Object.fromEntries(
    Object.entries(entry)
      .filter(([member]) => !neverCompared.has(member))
      .map(([member, value]) => [member, comparableValue(member, value)]),
  )
}

function comparableValue(member: string, value: unknown): unknown {
  if (typeof value === 'string' && jsonMembers.has(member)) return comparableJson(value)
  if (Array.isArray(value)) return comparableList(member, value)
  return isEntry(value) ? comparable(value) : value
}

/** Strings that hold JSON, which Keycloak may write again in its own way. */
const jsonMembers = new Set(['jwks.string', 'claims'])

function comparableJson(text: string): unknown {
  try {
    return JSON.stringify(sortKeys(JSON.parse(text)))
  } catch {
    return text
  }
}

function comparableList(member: string, list: unknown[]): unknown {
  if (list.every(isEntry)) {
    return Object.fromEntries(
      list.map((entry, index) => [
        String(entry.name ?? entry.authenticator ?? entry.executor ?? index),
        comparable(entry),
      ]),
    )
  }
  const texts = list.map((item) => (member === 'kc.user.profile.config' ? comparableJson(String(item)) : item))
  return texts.map(String).sort()
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (!isEntry(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortKeys(value[key])]),
  )
}

function scopeMappings(
  mappings: Record<string, { client?: string; clientScope?: string; roles: string[] }[]>,
): Entry[] {
  return Object.entries(mappings).flatMap(([owner, holders]) =>
    holders.map(({ client, clientScope, roles }) => ({ owner, holder: client ?? clientScope, roles })),
  )
}

function clientRoles(roles: NonNullable<NonNullable<LintableRealm['roles']>['client']>): Entry[] {
  return Object.entries(roles).flatMap(([client, entries]) =>
    (Array.isArray(entries) ? entries : []).map((entry) => ({
      client,
      name: entry.name,
      description: entry.description,
    })),
  )
}

const comparedComponents = ['org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy']

function securityComponents(components: Record<string, Entry[]>): Entry[] {
  return Object.entries(components)
    .filter(([type]) => comparedComponents.includes(type) || type === 'org.keycloak.userprofile.UserProfileProvider')
    .flatMap(([type, entries]) => entries.map((entry) => ({ ...entry, type: type.split('.').at(-1) })))
}

function sameValue(expected: unknown, actual: unknown): boolean {
  return JSON.stringify(sortKeys(expected)) === JSON.stringify(sortKeys(actual))
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  return Array.isArray(value) ? value.length === 0 : isEntry(value) && Object.keys(value).length === 0
}

/** Keycloak has put a secret in its place and shows it masked. */
function isPlaceholder(value: unknown): boolean {
  return typeof value === 'string' && /^\$\{[A-Z][A-Z0-9_]*\}$/.test(value)
}
