import { developmentPeople, groupOfEverybody } from '@mcp-identity/sample-company'
import { Attribute, Change, type Client } from 'ldapts'
import { connectDirectory } from '../connect.ts'
import { asAttributes, attributesOf, dnOfPerson, encodePassword } from './person-entry.ts'
import { connectionOf, type DomainController } from './prepare.ts'

/** What IT does to people in the domain, by LDAP, as its consoles do. Development and tests only. */
export interface DomainAdministration {
  disable(username: string): Promise<void>
  enable(username: string): Promise<void>
  /** Groups that the person is a direct member of, and the one that everybody is in. */
  groupsOf(username: string): Promise<string[]>
  /** Makes the person a direct member of these groups and of no others; the group of everybody stays. */
  setGroups(username: string, groups: readonly string[]): Promise<void>
  addMember(group: string, username: string): Promise<void>
  removeMember(group: string, username: string): Promise<void>
  /** For groups that stand elsewhere, such as those of the domain itself. */
  addMemberByDn(groupDn: string, username: string): Promise<void>
  /** Makes a group a member of another: its members are in both. */
  nestGroup(group: string, inner: string): Promise<void>
  addGroup(name: string): Promise<void>
  /** The group has another name from now on, and the same members. */
  renameGroup(name: string, newName: string): Promise<void>
  removeGroup(name: string): Promise<void>
  resetPassword(username: string, password: string): Promise<void>
  /** Whether the password has to be changed at the next sign-in. */
  requirePasswordChange(username: string, isRequired: boolean): Promise<void>
  /** @param at Milliseconds since the epoch; undefined: never. */
  setExpiry(username: string, at: number | undefined): Promise<void>
  /** Gives the person's attribute other values, whatever it is. */
  setAttribute(username: string, name: string, values: readonly string[]): Promise<void>
  /** Lets a locked person in again. */
  unlock(username: string): Promise<void>
  removePerson(username: string): Promise<void>
  /** Hires one of the people of the sample company, with her groups: somebody new, whoever had that name before. */
  addPerson(username: string): Promise<void>
  close(): Promise<void>
}

/** Bit of `userAccountControl` (MS-ADTS section 2.2.16). */
const accountDisabled = 2
const never = '9223372036854775807'
const epochDifferenceMs = 11_644_473_600_000

/** Opens the domain as its administrator. Connects at the first use, and again after the domain controller was away. */
export function openDomainAdministration(controller: DomainController): DomainAdministration {
  const { baseDn, groupsDn } = controller
  let connected: Promise<Client> | undefined

  async function open(): Promise<Client> {
    connected ??= connectDirectory(connectionOf(controller, controller.administrator))
    const client = await connected.catch((error: unknown) => {
      connected = undefined
      throw error
    })
    if (client.isBound) return client
    connected = undefined
    return open()
  }

  async function find(username: string): Promise<{ dn: string; userAccountControl: number; memberOf: string[] }> {
    const { searchEntries } = await (await open()).search(baseDn, {
      filter: `(sAMAccountName=${escapeFilter(username)})`,
      attributes: ['userAccountControl', 'memberOf'],
    })
    const [entry] = searchEntries
    if (entry === undefined) throw new Error(`the domain has nobody named ${username}`)
    return {
      dn: entry.dn,
      userAccountControl: Number(entry.userAccountControl ?? 0),
      memberOf: [entry.memberOf ?? []].flat().map(String),
    }
  }

  async function change(dn: string, operation: 'add' | 'delete' | 'replace', type: string, values: string[]) {
    const modification = new Attribute({ type, values: type === 'unicodePwd' ? values.map(encodePassword) : values })
    await (await open()).modify(dn, new Change({ operation, modification }))
  }

  async function replace(username: string, type: string, values: readonly string[]): Promise<void> {
    await change((await find(username)).dn, 'replace', type, [...values])
  }

  async function setDisabled(username: string, isDisabled: boolean): Promise<void> {
    const { dn, userAccountControl } = await find(username)
    const value = isDisabled ? userAccountControl | accountDisabled : userAccountControl & ~accountDisabled
    await change(dn, 'replace', 'userAccountControl', [String(value)])
  }

  const groupDn = (name: string): string => `CN=${name},${groupsDn}`

  async function groupsOf(username: string): Promise<string[]> {
    const names = (await find(username)).memberOf.map((dn) => dn.slice('CN='.length, dn.indexOf(',')))
    return [groupOfEverybody, ...names].sort()
  }

  const addMember = async (group: string, username: string) =>
    change(groupDn(group), 'add', 'member', [(await find(username)).dn])
  const removeMember = async (group: string, username: string) =>
    change(groupDn(group), 'delete', 'member', [(await find(username)).dn])

  async function setGroups(username: string, groups: readonly string[]): Promise<void> {
    const before = await groupsOf(username)
    const after = [groupOfEverybody, ...groups]
    for (const group of after) if (!before.includes(group)) await addMember(group, username)
    for (const group of before) if (!after.includes(group)) await removeMember(group, username)
  }

  return {
    disable: (username) => setDisabled(username, true),
    enable: (username) => setDisabled(username, false),
    groupsOf,
    setGroups,
    addMember,
    removeMember,
    addMemberByDn: async (dn, username) => change(dn, 'add', 'member', [(await find(username)).dn]),
    nestGroup: (group, inner) => change(groupDn(group), 'add', 'member', [groupDn(inner)]),
    async addGroup(name) {
      await (await open()).add(groupDn(name), { objectClass: 'group', sAMAccountName: accountNameOf(name) })
    },
    async renameGroup(name, newName) {
      await (await open()).modifyDN(groupDn(name), groupDn(newName))
    },
    async removeGroup(name) {
      await (await open()).del(groupDn(name))
    },
    resetPassword: (username, password) => replace(username, 'unicodePwd', [password]),
    requirePasswordChange: (username, isRequired) => replace(username, 'pwdLastSet', [isRequired ? '0' : '-1']),
    setExpiry: (username, at) => replace(username, 'accountExpires', [at === undefined ? never : toFileTime(at)]),
    setAttribute: replace,
    unlock: (username) => replace(username, 'lockoutTime', ['0']),
    async removePerson(username) {
      await (await open()).del((await find(username)).dn)
    },
    async addPerson(username) {
      const person = developmentPeople.find((each) => each.username === username)
      if (person === undefined) throw new Error(`the sample company has nobody named ${username}`)
      await (await open()).add(dnOfPerson(person), asAttributes(attributesOf(person)))
      await setGroups(username, person.groups)
    },
    async close() {
      await (await connected)?.unbind()
      connected = undefined
    },
  }
}

/** What a domain for development allows: passwords that are words, changed at any time, locked after some failures. */
export async function setPolicy(
  client: Client,
  baseDn: string,
  { lockoutThreshold }: { lockoutThreshold: number },
): Promise<void> {
  const policy = {
    pwdProperties: '0',
    minPwdAge: '0',
    maxPwdAge: '0',
    pwdHistoryLength: '0',
    lockoutThreshold: String(lockoutThreshold),
  }
  const changes = Object.entries(policy).map(
    ([type, value]) => new Change({ operation: 'replace', modification: new Attribute({ type, values: [value] }) }),
  )
  await client.modify(baseDn, changes)
}

/** A domain has groups of its own, and no two may have one account name: `Administrators` is taken. */
export function accountNameOf(group: string): string {
  return `company ${group}`
}

/** A user name inside a filter (RFC 4515 section 3). */
function escapeFilter(text: string): string {
  return text.replace(/[\\*()\0]/g, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** Milliseconds since 1970 as intervals of 100 ns since 1601. */
function toFileTime(ms: number): string {
  return String((BigInt(Math.round(ms)) + BigInt(epochDifferenceMs)) * 10_000n)
}
