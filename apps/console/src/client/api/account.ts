import * as z from 'zod/mini'
import type { Settings } from '../settings.ts'
import type { AuthorizedFetch } from './authorized-fetch.ts'

const clientSchema = z.object({
  clientId: z.string(),
  clientName: z.optional(z.string()),
})

const sessionSchema = z.object({
  id: z.string(),
  ipAddress: z.optional(z.string()),
  /** Seconds since the epoch, as the next two. */
  started: z.number(),
  lastAccess: z.number(),
  expires: z.number(),
  clients: z._default(z.array(clientSchema), []),
  browser: z.optional(z.string()),
  current: z._default(z.boolean(), false),
})

const deviceSchema = z.object({
  os: z.optional(z.string()),
  osVersion: z.optional(z.string()),
  device: z.optional(z.string()),
  mobile: z._default(z.boolean(), false),
  sessions: z.array(sessionSchema),
})

const applicationSchema = z.object({
  clientId: z.string(),
  clientName: z.optional(z.string()),
  inUse: z._default(z.boolean(), false),
  userConsentRequired: z._default(z.boolean(), false),
  consent: z.optional(
    z.object({
      grantedScopes: z._default(z.array(z.object({ name: z.string(), displayText: z.optional(z.string()) })), []),
      /** Milliseconds since the epoch. */
      createdDate: z.optional(z.number()),
    }),
  ),
})

/** A session at the authorization server: one sign-in, with every client that took tokens in it. */
export type OwnSession = z.infer<typeof sessionSchema> & { system: string; isMobile: boolean }
/** A client that took tokens for this person, or was allowed to. */
export type OwnClient = z.infer<typeof applicationSchema>

/** A person's own sessions and clients, at Keycloak's account API. */
export interface AccountApi {
  /** The most recently used first. */
  sessions(): Promise<OwnSession[]>
  clients(): Promise<OwnClient[]>
  endSession(id: string): Promise<void>
  /** Ends every session but the one that this page belongs to. */
  endOtherSessions(): Promise<void>
  /** Takes back what the person had agreed to; the client has to ask again. */
  withdrawConsent(clientId: string): Promise<void>
}

export function createAccountApi({ issuer }: Settings, authorizedFetch: AuthorizedFetch): AccountApi {
  const base = `${issuer}/account`
  const accept = { accept: 'application/json' }
  const get = async (path: string): Promise<unknown> =>
    (await authorizedFetch(`${base}${path}`, { headers: accept })).json()
  const remove = async (path: string): Promise<void> => {
    await authorizedFetch(`${base}${path}`, { method: 'DELETE', headers: accept })
  }
  return {
    async sessions() {
      const devices = z.array(deviceSchema).parse(await get('/sessions/devices'))
      return devices
        .flatMap(({ os, osVersion, mobile, sessions }) =>
          sessions.map((session) => ({ ...session, system: systemWords(os, osVersion), isMobile: mobile })),
        )
        .sort((one, other) => Number(other.current) - Number(one.current) || other.lastAccess - one.lastAccess)
    },
    clients: async () => z.array(applicationSchema).parse(await get('/applications')),
    endSession: (id) => remove(`/sessions/${encodeURIComponent(id)}`),
    endOtherSessions: () => remove('/sessions'),
    withdrawConsent: (clientId) => remove(`/applications/${encodeURIComponent(clientId)}/consent`),
  }
}

/** Keycloak says `Other` and `Unknown` of programs that are no browsers. */
function systemWords(os = '', version = ''): string {
  const words = [os, version].filter((word) => word !== '' && word !== 'Other' && word !== 'Unknown')
  return words.join(' ')
}
