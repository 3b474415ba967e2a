import { z } from 'zod'

/** A person or a service account as Keycloak's admin API tells it (`UserRepresentation`), as far as it is looked at. */
export const realmUser = z.object({
  id: z.string(),
  username: z.string(),
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  email: z.string().optional(),
  enabled: z.boolean(),
  attributes: z.record(z.string(), z.array(z.string())).default({}),
})

export type RealmUser = z.output<typeof realmUser>

/** Who it is, in the words of access tokens; what the realm does not know is absent. */
export function describeUser({ firstName, lastName, email, attributes }: RealmUser) {
  return present({
    name: [firstName, lastName].filter(Boolean).join(' '),
    email,
    department: attributes.department?.[0],
    zoneinfo: attributes.zoneinfo?.[0],
    country: attributes.country?.[0],
  })
}

function present<Members extends Record<string, string | undefined>>(members: Members) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value)) as {
    [Name in keyof Members]?: string
  }
}
