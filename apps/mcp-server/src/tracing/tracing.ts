import type { McpEndpoint, TokenVerifier, ToolGuard } from '@mcp-identity/mcp-authorization'
import type { AuditTrail } from '../audit-trail.ts'
import type { FourEyes } from '../four-eyes.ts'

/** Where spans go. */
export interface TracingConfig {
  /** Base address of an OTLP receiver over HTTP, such as a collector's `http://collector:4318`. */
  endpoint: string
  serviceName: string
  /** Of the traces that begin here; a caller's own decision about hers is kept. 0 to 1. */
  sampledShare: number
}

/**
 * Makes spans of what happens to a call, by wrapping the parts that do it: each method takes a part and gives back one
 * that does the same. The names of the spans are in infra/observability/README.md.
 */
export interface Tracing {
  /** `authorization`: is the token good, and still? */
  verifier(verifier: TokenVerifier): TokenVerifier
  /** `policy`: may this call be made? */
  policy(fourEyes: FourEyes): FourEyes
  /** `audit`: each record until it is durable. It names the trace that it was written in. */
  auditTrail<Trail extends AuditTrail>(auditTrail: Trail): Trail
  /** `tool`: the tool itself. */
  guard(guard: ToolGuard): ToolGuard
  /** The span of the whole request, which the others are in. */
  endpoint(endpoint: McpEndpoint): McpEndpoint
  /** Sends what was not sent yet, for a few seconds at most. */
  close(): Promise<void>
}
