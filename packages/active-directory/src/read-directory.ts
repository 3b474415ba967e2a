import type { Client, Entry } from 'ldapts'
import { type AccountState, readAccountState, readExpiry } from './account-state.ts'
import type { DirectoryTree } from './connect.ts'
import { readGuid } from './object-guid.ts'

/** A person as the directory has her now. */
export interface DirectoryPerson {
  /** `objectGUID`, which never changes; Keycloak keeps it as `LDAP_ID`. */
  id: string
  /** `sAMAccountName` */
  username: string
  /** Distinguished name in lower case. */
  dn: string
  state: AccountState
  /** When the password was set and when the account was locked last, as the directory has them. */
  passwordSetAt: string
  lockedAt: string
  /** Milliseconds since the epoch; undefined: never. */
  expiresAtMs: number | undefined
}

export interface DirectoryGroup {
  id: string
  dn: string
  /** Distinguished names of its direct members in lower case: people and groups. */
  members: string[]
}

/** How far a directory has come. Numbers of one domain controller mean nothing at another. */
export interface DirectoryPosition {
  /** Names the domain controller. */
  controller: string
  /** `highestCommittedUSN` (MS-ADTS section 3.1.1.3.2.7). */
  usn: number
}

const personAttributes = [
  'objectGUID',
  'sAMAccountName',
  'userAccountControl',
  'msDS-User-Account-Control-Computed',
  'accountExpires',
  'pwdLastSet',
  'lockoutTime',
  'primaryGroupID',
]

export async function readPosition(client: Client): Promise<DirectoryPosition> {
  const attributes = ['highestCommittedUSN', 'dsServiceName']
  const { searchEntries } = await client.search('', { scope: 'base', attributes })
  const [root] = searchEntries
  const usn = Number(text(root?.highestCommittedUSN))
  if (!Number.isSafeInteger(usn) || usn <= 0) throw new Error('the directory tells no highestCommittedUSN')
  return { controller: text(root?.dsServiceName), usn }
}

/** @param since Only who changed after this number; 0: everybody. */
export async function readPeople(
  client: Client,
  { peopleDn }: Pick<DirectoryTree, 'peopleDn'>,
  since: number,
  nowMs: number,
): Promise<DirectoryPerson[]> {
  const filter = `(&(objectCategory=person)(objectClass=user)${changedAfter(since)})`
  const entries = await search(client, peopleDn, filter, personAttributes)
  return entries.map((entry) => readPerson(entry, nowMs))
}

export async function readGroups(
  client: Client,
  { groupsDn }: Pick<DirectoryTree, 'groupsDn'>,
  since: number,
): Promise<DirectoryGroup[]> {
  const entries = await search(client, groupsDn, `(&(objectClass=group)${changedAfter(since)})`, [
    'objectGUID',
    'member;range=0-*',
  ])
  const groups: DirectoryGroup[] = []
  for (const entry of entries) {
    groups.push({ id: guidOf(entry), dn: entry.dn.toLowerCase(), members: await readMembers(client, entry) })
  }
  return groups
}

function changedAfter(since: number): string {
  return since === 0 ? '' : `(uSNChanged>=${since + 1})`
}

async function search(client: Client, base: string, filter: string, attributes: string[]): Promise<Entry[]> {
  const { searchEntries } = await client.search(base, {
    filter,
    attributes,
    explicitBufferAttributes: ['objectGUID'],
    paged: { pageSize: 500 },
  })
  return searchEntries
}

function readPerson(entry: Entry, nowMs: number): DirectoryPerson {
  const attributes = Object.fromEntries(personAttributes.map((name) => [name, text(entry[name]) || undefined]))
  return {
    id: guidOf(entry),
    username: attributes.sAMAccountName ?? '',
    dn: entry.dn.toLowerCase(),
    state: readAccountState(attributes, nowMs),
    passwordSetAt: attributes.pwdLastSet ?? '0',
    lockedAt: attributes.lockoutTime ?? '0',
    expiresAtMs: readExpiry(attributes.accountExpires),
  }
}

/** A domain controller hands out so many members at once and says which (MS-ADTS section 3.1.1.3.1.3.3). */
async function readMembers(client: Client, entry: Entry): Promise<string[]> {
  const members: string[] = []
  let page = rangeOf(entry)
  while (page !== undefined) {
    members.push(...page.values)
    if (page.next === undefined) break
    const attributes = [`member;range=${page.next}-*`]
    const { searchEntries } = await client.search(entry.dn, { scope: 'base', attributes })
    page = searchEntries[0] && rangeOf(searchEntries[0])
  }
  return members
}

/** The members in an entry, and where the rest begins; undefined where there are none. */
function rangeOf(entry: Entry): { values: string[]; next: number | undefined } | undefined {
  const filled = Object.keys(entry).find((name) => /^member;range=/i.test(name) && [entry[name]].flat().length > 0)
  if (filled === undefined) return undefined
  const last = /-(\d+)$/.exec(filled)?.[1]
  const values = [entry[filled] ?? []].flat().map((member) => String(member).toLowerCase())
  return { values, next: last === undefined ? undefined : Number(last) + 1 }
}

function guidOf({ objectGUID }: Entry): string {
  if (!Buffer.isBuffer(objectGUID)) throw new Error('the directory gave an entry without its objectGUID')
  return readGuid(objectGUID)
}

/** The first value as text; empty where there is none. */
function text(value: Entry[string] | undefined): string {
  const [first = ''] = [value ?? []].flat()
  return String(first)
}
