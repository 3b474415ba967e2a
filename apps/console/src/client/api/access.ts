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

const accessSchema = z.object({ tools: z.array(toolAccessSchema) })

/** One tool of the MCP server and what the server would answer now, for any record that it could act on. */
export type ToolAccess = z.infer<typeof toolAccessSchema>

/** Asks the MCP server which tools the bearer of the token may call, and why. Calls none of them. */
export async function fetchToolAccess(settings: Settings, authorizedFetch: AuthorizedFetch): Promise<ToolAccess[]> {
  const response = await authorizedFetch(`${mcpOrigin(settings)}/access`)
  return accessSchema.parse(await response.json()).tools
}
