import { describeUser, realmUser } from '@mcp-identity/policy/access-review'
import { createKeycloakAdminClient, type KeycloakAdminClientOptions } from '@mcp-identity/shared-signals'
import { z } from 'zod'

/** A person as the realm knows him or her: what a token of theirs would say. */
export interface RealmPerson {
  subject: string
  username: string
  name?: string
  email?: string
  department?: string
  zoneinfo?: string
  country?: string
  groups: string[]
  isEnabled: boolean
}

/** Who is in the realm, and what its groups open. Reads the realm; changes nothing. */
export interface RealmDirectory {
  /** People who signed in at least once, or were provisioned; at most 500. */
  people(): Promise<RealmPerson[]>
  /** Group → roles at this resource server. */
  groupRoles(): Promise<Map<string, string[]>>
}

const mostPeople = 500
const groupsPath = `/groups?briefRepresentation=false&max=${mostPeople}`

/** @param options The resource server's own client; its service account holds `view-users`. */
export function createRealmDirectory(options: KeycloakAdminClientOptions): RealmDirectory {
  const admin = createKeycloakAdminClient(options)
  const groups = async () => groupsSchema.parse(await admin.get(groupsPath))

  return {
    async groupRoles() {
      return new Map((await groups()).map(({ name, clientRoles }) => [name, clientRoles[options.clientId] ?? []]))
    },
    async people() {
      const users = usersSchema.parse(await admin.get(`/users?briefRepresentation=false&max=${mostPeople}`))
      const memberships = await Promise.all(
        (await groups()).map(async ({ id, name }) => {
          const members = membersSchema.parse(await admin.get(`/groups/${id}/members?max=${mostPeople}`))
          return { name, members: new Set(members.map((member) => member.id)) }
        }),
      )
      return users.map((user) => ({
        subject: user.id,
        username: user.username,
        ...describeUser(user),
        groups: memberships.filter(({ members }) => members.has(user.id)).map(({ name }) => name),
        isEnabled: user.enabled,
      }))
    },
  }
}

const strings = z.array(z.string())
const groupsSchema = z.array(
  z.object({ id: z.string(), name: z.string(), clientRoles: z.record(z.string(), strings).default({}) }),
)
const membersSchema = z.array(z.object({ id: z.string() }))
const usersSchema = z.array(realmUser)
