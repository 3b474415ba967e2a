import type { Parameters } from 'fast-check'

const wanted = Number(process.env.MCP_IDENTITY_PROPERTY_RUNS ?? 0)

/**
 * How often a property is tried. The same examples each time, unless MCP_IDENTITY_PROPERTY_RUNS asks for that many
 * new ones; a failure prints its seed.
 */
export function runs(usual: number): Parameters<unknown> {
  return wanted > 0 ? { numRuns: wanted } : { numRuns: usual, seed: 20_260_105 }
}
