import type { Person, Profile } from '../directory/person.ts'
import { type AccountLink, type Keycloak, KeycloakError } from './keycloak.ts'
import { type Account, profileMembers } from './scim-user.ts'

export interface ProvisionerOptions {
  keycloak: Keycloak
  /** What the realm calls this corporate IdP. */
  alias: string
  /** What Keycloak knows a person as: the subject of her ID tokens. @param subject In the directory. */
  brokeredSubject(subject: string): string
}

export type Provisioned =
  | { outcome: 'created' | 'changed' | 'up to date' }
  /** Keycloak has an account with her name or address that is not hers. Nobody is joined to it by name. */
  | { outcome: 'taken' }

export type Provisioner = ReturnType<typeof createProvisioner>

/** Makes and keeps accounts in Keycloak before, or without, a sign-in. */
export function createProvisioner({ keycloak, alias, brokeredSubject }: ProvisionerOptions) {
  /** Accounts made here whose link is still to be made, by subject: a failed link is made at the next attempt. */
  const unlinked = new Map<string, string>()

  const isHers = (links: readonly AccountLink[], subject: string): boolean =>
    links.some((link) => link.alias === alias && link.subject === subject)

  async function create(person: Person, subject: string): Promise<Provisioned> {
    try {
      const userId = await keycloak.createUser(person)
      unlinked.set(subject, userId)
      await keycloak.link(userId, subject, person.username)
      unlinked.delete(subject)
      return { outcome: 'created' }
    } catch (error) {
      if (error instanceof KeycloakError && error.status === 409) return { outcome: 'taken' }
      throw error
    }
  }

  return {
    /** Creates her account and links it to her subject, or brings her profile up to date. May run twice. */
    async provision(person: Person): Promise<Provisioned> {
      const subject = brokeredSubject(person.subject)
      const account = await keycloak.findAccount(person.username)
      if (account === undefined) return create(person, subject)
      if (unlinked.get(subject) === account.id) {
        await keycloak.link(account.id, subject, person.username)
        unlinked.delete(subject)
      } else if (!isHers(await keycloak.linksOf(account.id), subject)) return { outcome: 'taken' }
      const profile = profileDifferences(person, account)
      if (Object.keys(profile).length === 0) return { outcome: 'up to date' }
      await keycloak.changeProfile(account.id, profile)
      return { outcome: 'changed' }
    },

    /** Deletes the account that is linked to this subject; one that only bears the name stays. */
    async remove(username: string, directorySubject: string): Promise<'deleted' | 'not there' | 'taken'> {
      const userId = await keycloak.findUser(username)
      if (userId === undefined) return 'not there'
      if (!isHers(await keycloak.linksOf(userId), brokeredSubject(directorySubject))) return 'taken'
      await keycloak.deleteUser(userId)
      return 'deleted'
    },
  }
}

/** What the directory says and the account does not. */
export function profileDifferences(person: Profile, account: Account): Partial<Profile> {
  const different = profileMembers.filter((member) => person[member] !== (account[member] ?? ''))
  return Object.fromEntries(different.map((member) => [member, person[member]]))
}
