import { authorizationServerRules } from './authorization-server-rules.ts'
import { observe } from './observe.ts'
import { type ExaminedRealm, examineRealm } from './realm-rules.ts'
import { resourceServerRules } from './resource-server-rules.ts'
import { applyRules, type Finding } from './rule.ts'

/** What the doctor looked at, and what it found. */
export interface Examination {
  mcp: string
  authorizationServers: string[]
  /** Whether the realm itself was looked at, which takes an administrator. */
  realmExamined: boolean
  rulesApplied: number
  findings: Finding[]
}

/**
 * Examines a running MCP server, its authorization servers and, where given, the Keycloak realm behind them.
 * Changes nothing. Does not sign anybody in.
 */
export async function examine(mcp: string, realm?: ExaminedRealm): Promise<Examination> {
  const observations = await observe(mcp)
  const { authorizationServers } = observations
  return {
    mcp,
    authorizationServers: authorizationServers.map(({ issuer }) => issuer),
    realmExamined: realm !== undefined,
    rulesApplied: resourceServerRules.length + authorizationServers.length * authorizationServerRules.length,
    findings: [
      ...applyRules(resourceServerRules, observations),
      ...authorizationServers.flatMap((server) => applyRules(authorizationServerRules, server)),
      ...(realm === undefined ? [] : examineRealm(realm)),
    ],
  }
}
