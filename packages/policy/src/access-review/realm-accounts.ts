import { z } from 'zod'
import { describeUser, type RealmUser, realmUser } from './realm-user.ts'

/** Where an account's role at the resource server comes from. */
export interface RoleSource {
  role: string
  /**
   * `group`: by membership; `direct`: given to the account itself; `inherited`: inside another role; `seen`: a token had it
   * and no group gives it, so it is one of the other two.
   */
  by: 'group' | 'direct' | 'inherited' | 'seen'
  /** Path of the group, as `/Customer Admins`. Only where a group gives it. */
  group?: string
}

/** A person or a service of a realm, with every role that it has at the resource server, and why. */
export interface RealmAccount {
  kind: 'person' | 'service'
  issuer: string
  /** Keycloak's id of the account: `sub` of its tokens. */
  subject: string
  username: string
  /** For a service: the client that it acts as; in lower case while no token of it was seen. */
  clientId?: string
  name?: string
  email?: string
  department?: string
  zoneinfo?: string
  country?: string
  isEnabled: boolean
  /** Names of the groups, without a path: as tokens carry them. */
  groups: string[]
  roles: RoleSource[]
}

/** A group of a realm, with the roles at the resource server that its members have by it. */
export interface RealmGroup {
  name: string
  path: string
  roles: string[]
  /** How many accounts are in this very group. */
  members: number
}

/** All that gives access to one resource server in one realm. */
export interface RealmAccess {
  issuer: string
  /** `clientId` of the resource server, whose roles count. */
  resource: string
  accounts: RealmAccount[]
  groups: RealmGroup[]
  /** What could not be read. Empty when nothing is missing. */
  warnings: string[]
}

export interface RealmAccessOptions {
  issuer: string
  resource: string
  /**
   * Reads a path below the realm's admin address, as `/users`. Takes `view-users`. Roles that no group gives can only be
   * read with `view-clients`, which also opens every client's secret; without it they are taken from `seenOf`.
   */
  get: (path: string) => Promise<unknown>
  /** What the newest token said that the resource server saw of an account. */
  seenOf: (subject: string) => SeenRoles | undefined
}

/** Roles of an account at the resource server, as a verified access token told. */
export interface SeenRoles {
  clientId: string
  roles: string[]
  /** Groups that the token named; null where it left them unknown. */
  groups: string[] | null
  /** ISO instant at which the token was issued. */
  at: string
}

const page = 100
/** Keycloak names the account of a service after its client, in lower case. */
const servicePrefix = 'service-account-'
const readsAtATime = 8

/**
 * Reads from Keycloak's admin API who has access to a resource server: every account, people and services, its groups,
 * and the roles it has in effect. Accounts without any role are part of it.
 *
 * @throws What `get` throws, and a `ZodError` for an answer of another shape.
 */
export async function readRealmAccess({ issuer, resource, get, seenOf }: RealmAccessOptions): Promise<RealmAccess> {
  const groups = (
    await readPages(get, '/groups?briefRepresentation=false&populateHierarchy=true', groupSchema)
  ).flatMap((group) => withSubgroups(group, []))
  const tree = await Promise.all(groups.map((group) => describeGroup(group, resource)))
  const people = await readPages(get, '/users?briefRepresentation=false', realmUser)
  const services = await readPages(get, `/users?briefRepresentation=false&username=${servicePrefix}`, realmUser)
  const users = [...new Map([...people, ...services].map((user) => [user.id, user])).values()]
  const clientUuid = await findClientUuid(get, resource)
  const context = { issuer, clientUuid, tree, seenOf }
  const accounts = await mapInTurn(users, (user) => readAccount(get, user, context))
  const members = new Map<string, number>()
  for (const { paths } of accounts) for (const path of paths) members.set(path, (members.get(path) ?? 0) + 1)
  return {
    issuer,
    resource,
    accounts: accounts.map(({ account }) => account),
    groups: tree.map(({ name, path, roles }) => ({ name, path, roles, members: members.get(path) ?? 0 })),
    warnings:
      clientUuid === undefined
        ? warningsAbout(
            accounts.map(({ account }) => account),
            seenOf,
          )
        : [],
  }
}

/** The client's inner id; undefined for who may not view clients, and so learns of no role that no group gives. */
async function findClientUuid(get: RealmAccessOptions['get'], resource: string): Promise<string | undefined> {
  const answer = await get(`/clients?clientId=${encodeURIComponent(resource)}`).catch((cause: unknown) => {
    if ((cause as { status?: number }).status === 403) return []
    throw cause
  })
  return z.array(z.object({ id: z.string() })).parse(answer)[0]?.id
}

/** Accounts in no group that gives a role, and of which no token was seen: services, as a rule. */
function warningsAbout(accounts: readonly RealmAccount[], seenOf: RealmAccessOptions['seenOf']): string[] {
  const unseen = accounts.filter(({ kind, subject }) => kind === 'service' && seenOf(subject) === undefined)
  const names = unseen.map(({ clientId, username }) => clientId ?? username)
  return names.length === 0
    ? []
    : [`Roles of a service are known from its tokens, and none was seen yet of: ${names.join(', ')}.`]
}

interface GroupRoles {
  name: string
  path: string
  /** Those of the groups above included, each with the group that gives it. */
  roles: string[]
  sources: RoleSource[]
}

interface AccountContext {
  issuer: string
  clientUuid: string | undefined
  tree: readonly GroupRoles[]
  seenOf: RealmAccessOptions['seenOf']
}

async function readAccount(
  get: RealmAccessOptions['get'],
  user: RealmUser,
  { issuer, clientUuid, tree, seenOf }: AccountContext,
): Promise<{ account: RealmAccount; paths: string[] }> {
  const mappings = `/users/${user.id}/role-mappings/clients/${clientUuid}`
  const [memberships, direct, effective] = await Promise.all([
    readPages(get, `/users/${user.id}/groups?briefRepresentation=true`, membershipSchema),
    clientUuid === undefined ? [] : get(mappings).then((answer) => roleNames.parse(answer)),
    clientUuid === undefined ? [] : get(`${mappings}/composite`).then((answer) => roleNames.parse(answer)),
  ])
  const paths = memberships.map(({ path }) => path)
  const byGroup = tree.filter(({ path }) => paths.includes(path)).flatMap(({ sources }) => sources)
  const given: RoleSource[] = [...byGroup, ...direct.map(({ name }) => ({ role: name, by: 'direct' as const }))]
  const explained = new Set(given.map(({ role }) => role))
  const seen = seenOf(user.id)
  const others: RoleSource[] =
    clientUuid === undefined
      ? (seen?.roles ?? []).map((role) => ({ role, by: 'seen' as const }))
      : effective.map(({ name }) => ({ role: name, by: 'inherited' as const }))
  const clientId = user.username.startsWith(servicePrefix)
    ? (seen?.clientId ?? user.username.slice(servicePrefix.length))
    : undefined
  const account: RealmAccount = {
    kind: clientId === undefined ? 'person' : 'service',
    issuer,
    subject: user.id,
    username: user.username,
    isEnabled: user.enabled,
    groups: memberships.map(({ name }) => name).sort(),
    roles: [...given, ...others.filter(({ role }) => !explained.has(role))],
    ...(clientId === undefined ? {} : { clientId }),
    ...describeUser(user),
  }
  return { account, paths }
}

interface PlacedGroup extends Omit<Group, 'subGroups'> {
  above: Group[]
}

function withSubgroups(group: Group, above: Group[]): PlacedGroup[] {
  const { subGroups, ...itself } = group
  return [{ ...itself, above }, ...subGroups.flatMap((child) => withSubgroups(child, [...above, group]))]
}

/** Members of a group have the roles of the groups above it as well. */
function describeGroup({ name, path, clientRoles, above }: PlacedGroup, resource: string): GroupRoles {
  const line = [...above, { path, clientRoles }]
  const sources = line.flatMap((group) =>
    (group.clientRoles[resource] ?? []).map((role) => ({ role, by: 'group' as const, group: group.path })),
  )
  return { name, path, sources, roles: [...new Set(sources.map(({ role }) => role))] }
}

async function readPages<Schema extends z.ZodType>(
  get: RealmAccessOptions['get'],
  path: string,
  schema: Schema,
): Promise<z.output<Schema>[]> {
  const found: z.output<Schema>[] = []
  for (let first = 0; ; first += page) {
    const answer = z.array(schema).parse(await get(`${path}&first=${first}&max=${page}`))
    found.push(...answer)
    if (answer.length < page) return found
  }
}

async function mapInTurn<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>) {
  const results: Result[] = []
  for (let start = 0; start < items.length; start += readsAtATime) {
    results.push(...(await Promise.all(items.slice(start, start + readsAtATime).map(work))))
  }
  return results
}

const strings = z.array(z.string())
const baseGroup = z.object({
  id: z.string(),
  name: z.string(),
  path: z.string(),
  clientRoles: z.record(z.string(), strings).default({}),
})
type Group = z.output<typeof baseGroup> & { subGroups: Group[] }
const groupSchema: z.ZodType<Group> = baseGroup.extend({
  get subGroups() {
    return z.array(groupSchema).default([])
  },
}) as never
const membershipSchema = z.object({ name: z.string(), path: z.string() })
const roleNames = z.array(z.object({ name: z.string() }))
