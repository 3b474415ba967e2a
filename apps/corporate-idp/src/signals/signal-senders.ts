import type { Directory } from '../directory/directory.ts'
import type { Person } from '../directory/person.ts'
import type { Send } from './dispatcher.ts'
import { type Keycloak, UnknownUserError } from './keycloak.ts'
import type { Provisioner } from './provision.ts'
import type { SignalKind } from './signal.ts'

export interface SenderOptions {
  directory: Directory
  keycloak: Keycloak
  /** Ends every session of a person at Keycloak that came by this IdP, by a logout token or by SAML. */
  endBrokeredSessions(subject: string): Promise<LogoutOutcome>
  provisioner: Provisioner
  /** What the realm calls this corporate IdP. Default `corporate`. */
  alias?: string
  /** Told of a logout by a token of their own, beside Keycloak. Default: none. */
  resourceServers?: readonly ResourceServer[]
  /** Milliseconds since the epoch. */
  clock?: () => number
}

/** Whether Keycloak's own clients were told too. */
export type LogoutOutcome = 'done' | 'done, clients not told'

/** A resource server that takes back-channel logouts from this IdP. */
export interface ResourceServer {
  /**
   * @param subject At this IdP.
   * @param happenedAtMs When it happened, in milliseconds since the epoch: however late it is told, what was issued since stays good.
   * @throws {Error} It has to be told again.
   */
  logOut(subject: string, happenedAtMs: number): Promise<void>
}

/**
 * How long Keycloak may still make an account out of an ID token that it has just been given. Until then "not known to
 * Keycloak" is no reason to stop.
 */
export const signInWindowMs = 60_000

const unknownRemark = 'not known to Keycloak, nothing to do'
const othersRemark = 'Keycloak has an account of this name that is not hers; link it on purpose or rename one'

/** One sender for each kind of signal. All may run twice; the result is the same. */
export function createSenders(options: SenderOptions): Record<SignalKind, Send> {
  const { directory, keycloak, endBrokeredSessions, provisioner, alias = 'corporate' } = options
  const { resourceServers = [], clock = Date.now } = options
  const userIds = new Map<string, string>()

  const findPerson = (username: string): Person => {
    const person = directory.find(username)
    if (person === undefined) throw new Error(`${username} is not in the directory`)
    return person
  }

  /** Whom signals are about: also somebody who was removed meanwhile. */
  const findAnybody = (username: string): Pick<Person, 'username' | 'subject' | 'lastSignedInAtMs'> => {
    const person = directory.find(username) ?? directory.findDeparted(username)
    if (person === undefined) throw new Error(`${username} is not in the directory`)
    return person
  }

  /** An account that another identity provider of the realm made is somebody else, whatever her name. */
  async function belongsToAnother(userId: string): Promise<boolean> {
    const links = await keycloak.linksOf(userId)
    return links.length > 0 && links.every((link) => link.alias !== alias)
  }

  /** Does something with the person's account in Keycloak; looks the account up anew when it was made again. */
  async function withUser(username: string, action: (userId: string) => Promise<void>): Promise<string | undefined> {
    const known = userIds.get(username)
    if (known !== undefined) {
      try {
        await action(known)
        return undefined
      } catch (error) {
        if (!(error instanceof UnknownUserError)) throw error
        userIds.delete(username)
      }
    }
    const userId = await keycloak.findUser(username)
    if (userId === undefined) return unknownOrTooEarly(findAnybody(username))
    if (await belongsToAnother(userId)) return othersRemark
    userIds.set(username, userId)
    await action(userId)
    return undefined
  }

  function unknownOrTooEarly({
    username,
    lastSignedInAtMs = 0,
  }: Pick<Person, 'username' | 'lastSignedInAtMs'>): string {
    if (clock() - lastSignedInAtMs > signInWindowMs) return unknownRemark
    throw new Error(`${username} signed in moments ago, but Keycloak does not know her yet`)
  }

  async function matchGroups(username: string, userId: string): Promise<void> {
    const wanted = new Set(findPerson(username).groups)
    const [groupIds, present] = await Promise.all([keycloak.groupIds(), keycloak.groupsOf(userId)])
    const changes = directory.groups().flatMap((group) => {
      const groupId = groupIds.get(group)
      if (groupId === undefined || wanted.has(group) === present.includes(group)) return []
      return [{ groupId, operation: wanted.has(group) ? ('add' as const) : ('remove' as const) }]
    })
    // What is taken away comes first: a half-sent change must never grant more than either end of it.
    for (const operation of ['remove', 'add'] as const) {
      const due = changes.filter((change) => change.operation === operation)
      await Promise.all(due.map(({ groupId }) => keycloak.changeMembership(groupId, userId, operation)))
    }
  }

  async function provision(username: string): Promise<string | undefined> {
    const { outcome } = await provisioner.provision(findPerson(username))
    return outcome === 'taken' ? othersRemark : undefined
  }

  async function remove(username: string): Promise<string | undefined> {
    userIds.delete(username)
    const outcome = await provisioner.remove(username, findAnybody(username).subject)
    return outcome === 'deleted' ? undefined : outcome === 'taken' ? othersRemark : unknownRemark
  }

  return {
    scim_inactive: (username) => withUser(username, (userId) => keycloak.setActive(userId, false)),
    scim_active: (username) => withUser(username, (userId) => keycloak.setActive(userId, true)),
    admin_logout: (username) => withUser(username, (userId) => keycloak.logOut(userId)),
    scim_groups: (username) => withUser(username, (userId) => matchGroups(username, userId)),
    scim_person: provision,
    scim_delete: remove,
    async resource_server_logout(username, changedAtMs) {
      const { subject } = findAnybody(username)
      await Promise.all(resourceServers.map((resourceServer) => resourceServer.logOut(subject, changedAtMs)))
      return resourceServers.length === 0 ? 'no resource server asks to be told' : undefined
    },
    async backchannel_logout(username) {
      const answer = await endBrokeredSessions(findAnybody(username).subject)
      return answer === 'done' ? undefined : answer
    },
  }
}
