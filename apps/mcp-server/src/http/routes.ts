import type { Registry } from 'prom-client'
import { type AccessApiParts, accessApi } from './access-api.ts'
import { type AccessReviewApiParts, accessReviewApi } from './access-review-api.ts'
import { accessWatch } from './access-watch.ts'
import type { RouteHandler } from './answers.ts'
import { type AuditApiParts, auditApi } from './audit-api.ts'
import { type FourEyesApiParts, fourEyesApi } from './four-eyes-api.ts'
import { healthz, type ReadinessCheck, readyz } from './health.ts'
import { type PoliciesApiParts, policiesApi } from './policies-api.ts'
import { readableBy } from './readable-by.ts'
import { type ReplicaApiParts, replicaApi } from './replica-api.ts'

export interface RoutesParts
  extends AccessApiParts,
    AuditApiParts,
    PoliciesApiParts,
    AccessReviewApiParts,
    FourEyesApiParts,
    ReplicaApiParts {
  logs: AuditApiParts['logs']
  reviews: AccessReviewApiParts['reviews']
  auditTrail: AuditApiParts['auditTrail'] & AccessReviewApiParts['auditTrail']
  readinessChecks: readonly ReadinessCheck[]
  metrics: Registry
}

/** Everything that the server answers beside its MCP endpoint and the receivers of signals, by path. */
export function createRoutes(parts: RoutesParts): Map<string, RouteHandler> {
  const audit = auditApi(parts)
  const forConsole: [string, RouteHandler][] = [
    ['/readyz', readyz(parts.readinessChecks)],
    ['/access', accessApi(parts)],
    ['/access/watch', accessWatch(parts)],
    ...policiesApi(parts),
    ...accessReviewApi(parts),
    ...fourEyesApi(parts),
  ]
  return new Map([
    ['/healthz', healthz],
    ['/metrics', metricsOf(parts.metrics)],
    ['/audit', audit.query],
    ['/audit/stream', audit.stream],
    ['/audit/checkpoint', audit.checkpoint],
    ['/audit/checkpoints', audit.checkpoints],
    ['/audit/proof', audit.proof],
    ...replicaApi(parts),
    ...forConsole.map(([path, route]) => [path, readableBy(parts.allowedOrigins, route)] as const),
  ])
}

/** For Prometheus; no page is allowed to read it. */
function metricsOf(registry: Registry): RouteHandler {
  return async (_request, response) => {
    const text = await registry.metrics()
    response.writeHead(200, { 'content-type': registry.contentType, 'cache-control': 'no-store' }).end(text)
  }
}
