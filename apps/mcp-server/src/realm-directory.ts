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
      return users.map(({ id, username, firstName, lastName, email, enabled, attributes }) => ({
        subject: id,
        username,
        ...present({
          name: [firstName, lastName].filter(Boolean).join(' '),
          email,
          department: attributes.department?.[0],
          zoneinfo: attributes.zoneinfo?.[0],
          country: attributes.country?.[0],
        }),
        groups: memberships.filter(({ members }) => members.has(id)).map(({ name }) => name),
        isEnabled: enabled,
      }))
    },
  }
}

function present<Members extends Record<string, string | undefined>>(members: Members) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value)) as {
    [Name in keyof Members]?: string
  }
}

const strings = z.array(z.string())
const groupsSchema = z.array(
  z.object({ id: z.string(), name: z.string(), clientRoles: z.record(z.string(), strings).default({}) }),
)
const membersSchema = z.array(z.object({ id: z.string() }))
const usersSchema = z.array(
  z.object({
    id: z.string(),
    username: z.string(),
    firstName: z.string().optional(),
    lastName: z.string().optional(),
    email: z.string().optional(),
    enabled: z.boolean(),
    attributes: z.record(z.string(), strings).default({}),
  }),
)
