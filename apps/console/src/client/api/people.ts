import * as z from 'zod/mini'
import type { Settings } from '../settings.ts'
import type { AuthorizedFetch } from './authorized-fetch.ts'

const personSchema = z.object({
  username: z.string(),
  name: z.string(),
  email: z.string(),
  department: z.optional(z.string()),
  zoneinfo: z.optional(z.string()),
  country: z.optional(z.string()),
  groups: z.array(z.string()),
  active: z.boolean(),
  lastSignedInAt: z.optional(z.string()),
})

const signalSchema = z.object({
  signal: z.string(),
  description: z.string(),
  state: z.string(),
  attempts: z.number(),
  /** From the change to the receiver's answer. */
  ms: z.optional(z.number()),
  remark: z.optional(z.string()),
})

const changedSchema = z.extend(personSchema, { ms: z.number(), signals: z.array(signalSchema) })

/** A person of the company directory. */
export type Person = z.infer<typeof personSchema>
/** Something that the corporate IdP told Keycloak, or a resource server, because of a change. */
export type DirectorySignal = z.infer<typeof signalSchema>
export type ChangedPerson = z.infer<typeof changedSchema>
export type PersonChange = { active: boolean } | { groups: string[] }

/** The corporate IdP's admin API, for directory administrators. */
export interface PeopleApi {
  list(): Promise<Person[]>
  groups(): Promise<string[]>
  find(username: string): Promise<Person>
  /** Answers when each signal was tried once. */
  change(username: string, change: PersonChange): Promise<ChangedPerson>
}

export function createPeopleApi({ corporateIdp }: Settings, authorizedFetch: AuthorizedFetch): PeopleApi {
  const get = async (path: string): Promise<unknown> => (await authorizedFetch(`${corporateIdp}/admin/${path}`)).json()
  const pathOf = (username: string): string => `people/${encodeURIComponent(username)}`
  return {
    list: async () => z.object({ people: z.array(personSchema) }).parse(await get('people')).people,
    groups: async () => z.object({ groups: z.array(z.string()) }).parse(await get('groups')).groups,
    find: async (username) => personSchema.parse(await get(pathOf(username))),
    async change(username, change) {
      const response = await authorizedFetch(`${corporateIdp}/admin/${pathOf(username)}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(change),
      })
      return changedSchema.parse(await response.json())
    },
  }
}
