import * as z from 'zod/mini'

const schema = z.object({
  issuer: z.url(),
  clientId: z.string(),
  mcp: z.url(),
  /** Origins of the MCP server's replicas; none: there is one server, at `mcp`. */
  replicas: z._default(z.array(z.url()), []),
  corporateIdp: z.url(),
  /** Public key of the audit log; absent: the one that this browser saw first counts. */
  auditKey: z.optional(z.string()),
  development: z.boolean(),
})

/** Where the other parts are. The server that served this page says so. */
export type Settings = Readonly<z.infer<typeof schema>>

export async function fetchSettings(): Promise<Settings> {
  const response = await fetch('/config.json', { headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error(`The settings could not be read: ${response.status}`)
  return schema.parse(await response.json())
}

/** The MCP server's own origin, where `/audit` and `/readyz` are. */
export function mcpOrigin(settings: Settings): string {
  return new URL(settings.mcp).origin
}
