import { z } from 'zod'
import { absoluteUrl } from '../absolute-url.ts'
import { ownName } from '../audit-logs.ts'

/** `MCP_REPLICA`: this server among others. */
export const replicaSettings = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be up to 63 lower-case letters, digits and hyphens, as mcp-server-1')
    .refine((name) => name !== ownName, { error: 'must be another: own stands for the replica that is asked' }),
  address: absoluteUrl,
})

export type ReplicaSettings = z.output<typeof replicaSettings>

/** Which replica this is, and where replicas find each other. */
export interface ReplicaConfig extends ReplicaSettings {
  /** The PostgreSQL that they share, with its password. Never to be logged. */
  directory: string
}

/** @param problems Gets what is wrong, each with its next step. */
export function readReplicaConfig(
  settings: ReplicaSettings | undefined,
  sharedStore: string | undefined,
  problems: string[],
): ReplicaConfig | undefined {
  if (settings === undefined) return undefined
  if (sharedStore === undefined) {
    problems.push('MCP_REPLICA: replicas find each other in the store that they share; set MCP_SHARED_STORE')
    return undefined
  }
  return { ...settings, directory: sharedStore }
}
