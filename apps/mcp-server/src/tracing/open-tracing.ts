import type { Logger } from 'pino'
import type { Tracing, TracingConfig } from './tracing.ts'

/** The parts as they are. */
const untraced: Tracing = {
  verifier: (verifier) => verifier,
  policy: (fourEyes) => fourEyes,
  auditTrail: (auditTrail) => auditTrail,
  guard: (guard) => guard,
  endpoint: (endpoint) => endpoint,
  close: async () => {},
}

/** @param config Undefined: nothing is wrapped and nothing loaded, so it costs nothing. */
export async function openTracing(config: TracingConfig | undefined, logger: Logger): Promise<Tracing> {
  if (config === undefined) return untraced
  const { createTracing } = await import('./create-tracing.ts')
  return createTracing(config, logger)
}
