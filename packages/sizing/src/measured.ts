/** What one thing costs. Processor time in milliseconds of one core of the machine named in docs/sizing.md. */
export interface Costs {
  /** The MCP server: one audited call of a token that it knows. `pnpm --filter mcp-server bench`, whole server. */
  readonly callMs: number
  /** What a token adds that it has not seen, or no longer remembers. `pnpm --filter @mcp-identity/token-verifier bench`. */
  readonly verifyMs: number
  /** The MCP server without tokens, and each token that it remembers. `pnpm bench:load`. */
  readonly replicaMb: number
  readonly tokenKb: number
  /** Tokens that a replica remembers (`cache.maxEntries`). */
  readonly rememberedTokens: number
  /** Each call leaves a decision and an outcome. */
  readonly recordsPerCall: number
  readonly recordBytes: number
  /** What one log in SQLite takes, durably. `pnpm --filter @mcp-identity/audit-log bench`. */
  readonly recordsPerSecond: number
  /** Keycloak: `pnpm bench:keycloak`. */
  readonly refreshMs: number
  readonly signInMs: number
  /** One look of a replica at Keycloak's events, of which there are four a second; with all that Keycloak does by itself. */
  readonly eventsMs: number
  readonly eventLooksPerSecond: number
}

/** How people are taken to work. */
export interface Assumptions {
  /** Of all people, how many hold a live token in the busiest hour. */
  readonly activeShare: number
  /** They sign in once, spread over that hour. */
  readonly signInSeconds: number
  /** An access token lives so long, and its client refreshes it for as long as the person is active. */
  readonly tokenSeconds: number
  /** A core is kept free by as much again: for a replica that dies, for a burst. */
  readonly utilisation: number
  /** Cores of one node of Keycloak. */
  readonly keycloakCores: number
  /** Of two, one can die or be updated. */
  readonly least: number
  /** The mean of a day's calls, as a share of the peak. */
  readonly meanShare: number
}

export const measured: Costs = {
  callMs: 0.11,
  verifyMs: 0.031,
  replicaMb: 210,
  tokenKb: 4.4,
  rememberedTokens: 10_000,
  recordsPerCall: 2,
  recordBytes: 1_000,
  recordsPerSecond: 109_000,
  refreshMs: 10.7,
  signInMs: 68.4,
  eventsMs: 7.5,
  eventLooksPerSecond: 4,
}

export const assumed: Assumptions = {
  activeShare: 0.2,
  signInSeconds: 3600,
  tokenSeconds: 300,
  utilisation: 0.5,
  keycloakCores: 4,
  least: 2,
  meanShare: 0.25,
}
