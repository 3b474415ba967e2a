import { type Assumptions, assumed, type Costs, measured } from './measured.ts'

/** A company, at its busiest. */
export interface Demand {
  people: number
  /** Of tools, over all replicas. */
  callsPerSecond: number
}

/** What it takes. */
export interface Size {
  demand: Demand
  /** People with a live access token at once: sessions that are refreshed. */
  activePeople: number
  /** Of one process each, which fills about one core. */
  replicas: number
  /** Resident memory of one. */
  replicaMb: number
  refreshesPerSecond: number
  keycloakNodes: number
  auditGbPerDay: number
  /** What would be full first, should people and calls grow and nothing be added; its part of what it can do. */
  fullFirst: { what: Bottleneck; utilisation: number }
}

export type Bottleneck =
  | 'MCP servers'
  | 'audit log'
  | 'Keycloak: refreshes and sign-ins'
  | 'Keycloak: looks at its events'

/** What to add when it is full. */
export const remedies: Readonly<Record<Bottleneck, string>> = {
  'MCP servers': 'replicas; callers that stay with one replica are remembered there',
  'audit log': 'replicas, each of which writes a log of its own',
  'Keycloak: refreshes and sign-ins': 'nodes of Keycloak, then a larger PostgreSQL; or a longer life of access tokens',
  'Keycloak: looks at its events': 'signals that are pushed (SSF) in place of looks, or a longer interval of looks',
}

/**
 * Sizes a deployment by arithmetic on measured costs: each part must do its work at its share of a core. Knows nothing of
 * networks, of the tools' own work, or of databases other than the audit log's size.
 *
 * @throws {RangeError} People or calls are not positive.
 */
export function size(demand: Demand, costs: Costs = measured, assumptions: Assumptions = assumed): Size {
  const { people, callsPerSecond } = demand
  if (!(people > 0 && callsPerSecond > 0)) throw new RangeError('people and calls must be positive')
  const { utilisation, least, keycloakCores } = assumptions
  const activePeople = people * assumptions.activeShare
  const refreshesPerSecond = activePeople / assumptions.tokenSeconds

  // Without a proxy that keeps callers together every replica meets every token.
  const remembered = Math.min(1, costs.rememberedTokens / activePeople)
  const coresOfCalls = (callsPerSecond * (costs.callMs + (1 - remembered) * costs.verifyMs)) / 1000
  const replicas = atLeast(least, coresOfCalls / utilisation)

  const signInsPerSecond = activePeople / assumptions.signInSeconds
  const coresOfPeople = (refreshesPerSecond * costs.refreshMs + signInsPerSecond * costs.signInMs) / 1000
  const coresOfLooks = (replicas * costs.eventLooksPerSecond * costs.eventsMs) / 1000
  const keycloakNodes = atLeast(least, (coresOfPeople + coresOfLooks) / (keycloakCores * utilisation))

  const keycloakTotal = keycloakNodes * keycloakCores
  const parts: [what: Bottleneck, used: number][] = [
    ['MCP servers', coresOfCalls / replicas],
    ['audit log', (callsPerSecond * costs.recordsPerCall) / replicas / costs.recordsPerSecond],
    ['Keycloak: refreshes and sign-ins', coresOfPeople / keycloakTotal],
    ['Keycloak: looks at its events', coresOfLooks / keycloakTotal],
  ]
  const [what, used] = parts.toSorted(([, one], [, other]) => other - one)[0] as (typeof parts)[number]
  const tokensKept = Math.min(costs.rememberedTokens, activePeople)
  return {
    demand,
    activePeople,
    replicas,
    replicaMb: costs.replicaMb + (tokensKept * costs.tokenKb) / 1024,
    refreshesPerSecond,
    keycloakNodes,
    auditGbPerDay: (callsPerSecond * assumptions.meanShare * 86_400 * costs.recordsPerCall * costs.recordBytes) / 1e9,
    fullFirst: { what, utilisation: used },
  }
}

function atLeast(least: number, needed: number): number {
  // What arithmetic with fractions leaves over is no need.
  return Math.max(least, Math.ceil(needed - 1e-9))
}
