import type { Directory } from './directory/directory.ts'
import type { Person, Profile } from './directory/person.ts'
import type { AccountLink, Keycloak } from './signals/keycloak.ts'
import { profileDifferences } from './signals/provision.ts'
import type { Account } from './signals/scim-user.ts'

/** One thing in which Keycloak and the directory do not agree. */
export type Drift = { username: string } & (
  | { kind: 'active_here_only'; userId: string }
  | { kind: 'active_there_only'; userId: string }
  | { kind: 'profile'; userId: string; profile: Partial<Profile> }
  | { kind: 'group_missing' | 'group_too_many'; userId: string; group: string }
  | { kind: 'account_missing' }
  /** Its person is no longer in the directory. */
  | { kind: 'account_too_many'; userId: string }
  /** Disabled here; Keycloak lets provisioning neither see nor disable who has roles of its own administration. */
  | { kind: 'out_of_reach'; userId: string }
  /** An account has her name and is not linked to her: the one thing that is never mended without being told to. */
  | { kind: 'not_linked'; userId: string }
)

export type DriftKind = Drift['kind']

export interface ReconciliationOptions {
  /** Finds, and changes nothing. */
  dryRun: boolean
  /** User names whose accounts are linked on purpose, see `not_linked`. */
  link: readonly string[]
  /** Refuses to disable, delete and take out of groups more than this many times at once. */
  mostRemovals: number
}

export interface Reconciliation {
  people: number
  accounts: number
  drift: (Drift & { state: 'found' | 'mended' | 'failed' | 'refused' | 'left'; problem?: string })[]
}

interface Parts {
  directory: Directory
  keycloak: Keycloak
  /** What the realm calls this corporate IdP. */
  alias: string
  brokeredSubject(subject: string): string
  /** Creates and links. */
  provision(person: Person): Promise<{ outcome: string }>
}

/** What takes something away comes first: half a run must never leave more access than either end of it. */
const order: readonly DriftKind[] = [
  'active_there_only',
  'account_too_many',
  'group_too_many',
  'profile',
  'not_linked',
  'account_missing',
  'active_here_only',
  'group_missing',
  'out_of_reach',
]

/** Kinds that take access away. */
const removals: ReadonlySet<DriftKind> = new Set(['active_there_only', 'account_too_many', 'group_too_many'])

const linksAtOnce = 8

/**
 * The full compare: every person of the directory with every account of the realm that is linked to this corporate IdP.
 * Finds what signals missed and mends it; the directory is right. Accounts of other identity providers, and those
 * without any, are left alone. Groups that the directory does not know are left alone too.
 */
export function createReconciliation(parts: Parts) {
  const { directory, keycloak, alias, brokeredSubject } = parts

  async function find(link: ReadonlySet<string>): Promise<{ accounts: number; drift: Drift[] }> {
    const accounts: Account[] = []
    for await (const account of keycloak.accounts()) accounts.push(account)
    const links = await inTurns(accounts, ({ id }) => keycloak.linksOf(id))
    const linked = new Map<string, Account>()
    const drift: Drift[] = []
    accounts.forEach((account, index) => {
      const subject = subjectHere(links[index] ?? [])
      if (subject !== undefined) linked.set(subject, account)
    })
    const everybody = directory.list()
    const subjects = new Set(everybody.map(({ subject }) => brokeredSubject(subject)))
    for (const [subject, { id: userId, username }] of linked) {
      if (!subjects.has(subject)) drift.push({ kind: 'account_too_many', username, userId })
    }
    const byName = new Map(accounts.map((account) => [account.username, account]))
    for (const person of everybody) {
      const own = linked.get(brokeredSubject(person.subject))
      const namesake = byName.get(person.username)
      if (own !== undefined) drift.push(...differences(person, own))
      else if (namesake !== undefined) {
        drift.push({ kind: 'not_linked', username: person.username, userId: namesake.id })
        if (link.has(person.username)) drift.push(...differences(person, namesake))
      } else if (person.active) drift.push({ kind: 'account_missing', username: person.username })
    }
    drift.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
    return { accounts: accounts.length, drift }
  }

  function subjectHere(links: readonly AccountLink[]): string | undefined {
    return links.find((link) => link.alias === alias)?.subject
  }

  function differences(person: Person, account: Account): Drift[] {
    const { username } = person
    const { id: userId } = account
    if (account.isAdministrator) return person.active ? [] : [{ kind: 'out_of_reach', username, userId }]
    const profile = profileDifferences(person, account)
    const known = new Set(directory.groups())
    return [
      ...(person.active && !account.active ? [{ kind: 'active_here_only' as const, username, userId }] : []),
      ...(!person.active && account.active ? [{ kind: 'active_there_only' as const, username, userId }] : []),
      ...(Object.keys(profile).length > 0 ? [{ kind: 'profile' as const, username, userId, profile }] : []),
      ...person.groups
        .filter((group) => !account.groups.includes(group))
        .map((group) => ({ kind: 'group_missing' as const, username, userId, group })),
      ...account.groups
        .filter((group) => known.has(group) && !person.groups.includes(group))
        .map((group) => ({ kind: 'group_too_many' as const, username, userId, group })),
    ]
  }

  async function mend(drift: Drift, groupIds: ReadonlyMap<string, string>): Promise<void> {
    const { kind, username } = drift
    switch (kind) {
      case 'active_there_only':
        await keycloak.setActive(drift.userId, false)
        return keycloak.logOut(drift.userId)
      case 'account_too_many':
        // Disabled first: resource servers hear of that, and a deleted account has no events of its own any more.
        await keycloak.setActive(drift.userId, false)
        await keycloak.logOut(drift.userId)
        return keycloak.deleteUser(drift.userId)
      case 'active_here_only':
        return keycloak.setActive(drift.userId, true)
      case 'profile':
        return keycloak.changeProfile(drift.userId, drift.profile)
      case 'not_linked':
        return keycloak.link(drift.userId, brokeredSubject(directory.find(username)?.subject ?? ''), username)
      case 'account_missing':
        return create(username, groupIds)
      case 'out_of_reach':
        return
      default: {
        const groupId = groupIds.get(drift.group)
        if (groupId === undefined) throw new Error(`the realm has no group ${drift.group}`)
        return keycloak.changeMembership(groupId, drift.userId, kind === 'group_missing' ? 'add' : 'remove')
      }
    }
  }

  async function create(username: string, groupIds: ReadonlyMap<string, string>): Promise<void> {
    const person = directory.find(username)
    if (person === undefined) return
    const { outcome } = await parts.provision(person)
    if (outcome === 'taken') throw new Error('somebody in Keycloak has her user name or e-mail address')
    const userId = await keycloak.findUser(username)
    if (userId === undefined) throw new Error('the new account is not there')
    for (const group of person.groups) {
      const groupId = groupIds.get(group)
      if (groupId !== undefined) await keycloak.changeMembership(groupId, userId, 'add')
    }
  }

  return async ({ dryRun, link, mostRemovals }: ReconciliationOptions): Promise<Reconciliation> => {
    const wanted = new Set(link)
    const { accounts, drift } = await find(wanted)
    const found: Reconciliation = { people: directory.list().length, accounts, drift: [] }
    const tooMany = drift.filter(({ kind }) => removals.has(kind)).length > mostRemovals
    const groupIds = dryRun ? new Map<string, string>() : await keycloak.groupIds()
    for (const one of drift) {
      if (dryRun) found.drift.push({ ...one, state: 'found' })
      else if (one.kind === 'out_of_reach' || (one.kind === 'not_linked' && !wanted.has(one.username)))
        found.drift.push({ ...one, state: 'left' })
      else if (tooMany && removals.has(one.kind)) found.drift.push({ ...one, state: 'refused' })
      else found.drift.push({ ...one, ...(await tryTo(() => mend(one, groupIds))) })
    }
    return found
  }
}

async function tryTo(work: () => Promise<void>): Promise<{ state: 'mended' | 'failed'; problem?: string }> {
  try {
    await work()
    return { state: 'mended' }
  } catch (error) {
    return { state: 'failed', problem: error instanceof Error ? error.message : String(error) }
  }
}

/** A few requests at a time: thousands at once would keep Keycloak from everything else. */
async function inTurns<Item, Answer>(items: readonly Item[], ask: (item: Item) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let first = 0; first < items.length; first += linksAtOnce) {
    answers.push(...(await Promise.all(items.slice(first, first + linksAtOnce).map(ask))))
  }
  return answers
}
