import * as z from 'zod/mini'
import { mcpOrigin, type Settings } from '../settings.ts'
import type { AuthorizedFetch } from './authorized-fetch.ts'

const strings = z._default(z.array(z.string()), [])

const toolAccessSchema = z.object({
  name: z.string(),
  title: z.optional(z.string()),
  description: z.optional(z.string()),
  scopes: strings,
  outcome: z.enum(['allowed', 'denied']),
  policies: strings,
  explanation: z.optional(z.string()),
  /** From when the same call would be allowed, when only the hour was wrong. ISO instant. */
  retryAfter: z.optional(z.string()),
})

const accessSchema = z.object({
  tools: z.array(toolAccessSchema),
  /** Tokens that live longer are refused by this server. */
  maxTokenLifetimeSeconds: z.optional(z.number()),
})

/** One tool of the MCP server and what the server would answer now, for any record that it could act on. */
export type ToolAccess = z.infer<typeof toolAccessSchema>

export type Access = z.infer<typeof accessSchema>

/** Asks the MCP server which tools the bearer of the token may call, and why. Calls none of them. */
export async function fetchAccess(settings: Settings, authorizedFetch: AuthorizedFetch): Promise<Access> {
  const response = await authorizedFetch(`${mcpOrigin(settings)}/access`)
  return accessSchema.parse(await response.json())
}

/**
 * Asks the MCP server whether it takes this very token. Nothing renews it: that is the question.
 *
 * @returns `unknown` when the server does not answer, or cannot tell at the moment.
 */
export async function tryAccessToken(settings: Settings, token: string): Promise<'accepted' | 'refused' | 'unknown'> {
  const headers = { authorization: `Bearer ${token}` }
  const init = { headers, credentials: 'omit', cache: 'no-store' } as const
  const response = await fetch(`${mcpOrigin(settings)}/access`, init).catch(() => undefined)
  if (response?.ok === true) return 'accepted'
  return response?.status === 401 ? 'refused' : 'unknown'
}
