import type { Company } from './company.ts'
import type { FaultStack } from './fault-stack.ts'
import type { Random } from './random.ts'

/** How long and how hard. */
export interface Measure {
  /** Of each random history. */
  historyMs: number
  callsPerSecond: number
  /** How long the store is frozen. */
  storeAwayMs: number
  /** How long Keycloak is away. */
  keycloakAwayMs: number
  /** How often a replica is killed. */
  kills: number
  /** How long forged signals are sent, and how many a second. */
  floodMs: number
  floodPerSecond: number
}

export interface World {
  stack: FaultStack
  company: Company
  random: Random
  measure: Measure
  signal: AbortSignal
}

/** What has to hold, whether it did, and what was seen. */
export interface Check {
  rule: string
  holds: boolean
  seen: string
  /** It depends on how fast the machine is, and is told but not judged where that is not to be known. */
  isTimed?: true
}

export interface ScenarioResult {
  checks: Check[]
  /** Numbers, distributions and counts. */
  figures: Record<string, unknown>
}

export interface Scenario {
  /** Kebab-case. */
  name: string
  title: string
  run(world: World): Promise<ScenarioResult>
}

/** How long after the answer to who ended the access a replica may go on allowing, in milliseconds. */
export const boundMs = 1_000
/** A feed that knows nothing newer is stale, in milliseconds: the default of the MCP server. */
export const stalenessBoundMs = 5_000
