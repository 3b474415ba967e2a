import { hostname } from 'node:os'
import type { AuditEvent } from '@mcp-identity/audit-log'
import type { IncomingRequest } from '@mcp-identity/mcp-authorization'
import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace as spans,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Logger } from 'pino'
import type { AuditTrail } from '../audit-trail.ts'
import { tellingBody } from '../telling-body.ts'
import { readParent, toTraceparent } from './traceparent.ts'
import type { Tracing, TracingConfig } from './tracing.ts'

/** How long the end of the server may wait for a receiver that does not answer. */
const exportTimeoutMs = 3_000

/** One request while it is answered. */
interface RequestTrace {
  readonly startedAt: number
  /** Milliseconds since the epoch, as they pass from its start on, whatever is done to the system's clock meanwhile. */
  readonly now: () => number
  readonly request: IncomingRequest
  /** Known once the body was read, or is not going to be: only then it is certain whose trace this is. */
  begun?: { span: Span; inside: Context }
  /** What ended before that. */
  readonly before: { name: string; startedAt: number; endedAt: number; attributes: Attributes; failed: boolean }[]
}

const traceKey = createContextKey('request')

/** Spans by the OpenTelemetry SDK, sent in batches by OTLP over HTTP; where the receiver is away they are dropped. */
export function createTracing(config: TracingConfig, logger: Logger): Tracing {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': config.serviceName, 'service.instance.id': hostname() }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(config.sampledShare) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({
          url: `${config.endpoint.replace(/\/$/, '')}/v1/traces`,
          timeoutMillis: exportTimeoutMs,
        }),
      }),
    ],
  })
  const tracer = provider.getTracer('mcp-server')
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const warn = (problem: string): void => logger.warn({ problem }, 'traces')
  diag.setLogger({ error: warn, warn, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN)

  function begin(trace: RequestTrace, bodyText?: string): NonNullable<RequestTrace['begun']> {
    if (trace.begun !== undefined) return trace.begun
    const parent = readParent(trace.request, bodyText)
    const span = tracer.startSpan('mcp.request', { kind: SpanKind.SERVER, startTime: trace.startedAt }, parent)
    const inside = spans.setSpan(context.active(), span)
    trace.begun = { span, inside }
    for (const { name, startedAt, endedAt, attributes, failed } of trace.before) {
      const child = tracer.startSpan(name, { startTime: startedAt, attributes }, inside)
      if (failed) child.setStatus({ code: SpanStatusCode.ERROR })
      child.end(endedAt)
    }
    return trace.begun
  }

  /** Runs one part of a request in a span of its own. */
  async function during<T>(name: string, work: () => Promise<T>, describe: (result: T) => Attributes): Promise<T> {
    const trace = currentTrace()
    if (trace === undefined) return work()
    const span = tracer.startSpan(name, { startTime: trace.now() }, begin(trace).inside)
    try {
      const result = await context.with(spans.setSpan(context.active(), span), work)
      span.setAttributes(describe(result))
      return result
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR }).setAttributes(reasonOf(error))
      throw error
    } finally {
      span.end(trace.now())
    }
  }

  return {
    verifier: (verifier) => ({
      async verify(compactToken, request) {
        const trace = currentTrace()
        if (trace === undefined) return verifier.verify(compactToken, request)
        const startedAt = trace.now()
        const note = (attributes: Attributes, failed: boolean): void =>
          void trace.before.push({ name: 'authorization', startedAt, endedAt: trace.now(), attributes, failed })
        try {
          const token = await verifier.verify(compactToken, request)
          note({ 'mcp.outcome': 'allowed' }, false)
          return token
        } catch (error) {
          note({ 'mcp.outcome': 'refused', ...reasonOf(error) }, true)
          throw error
        }
      },
    }),
    policy: (fourEyes) => ({
      ...fourEyes,
      decide: (call) =>
        during(
          'policy',
          async () => fourEyes.decide(call),
          ({ outcome, policies }) => ({ 'mcp.outcome': outcome, 'mcp.policies': [...policies] }),
        ),
    }),
    auditTrail: (auditTrail) => {
      const traced = (record: AuditTrail['record']) => (event: AuditEvent) =>
        during(
          'audit',
          () => record({ ...event, ...tracedBy(currentTrace()) }),
          () => ({ 'mcp.audit.phase': event.phase }),
        )
      return Object.assign(Object.create(auditTrail), {
        record: traced(auditTrail.record),
        recordRefusal: traced(auditTrail.recordRefusal),
      })
    },
    guard: (guard) => (call, proceed) => {
      currentTrace()
        ?.begun?.span.updateName(`tools/call ${call.tool}`)
        .setAttributes({ 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': call.tool })
      return guard(call, () =>
        during('tool', proceed, (result) => ({
          'mcp.outcome': 'isError' in result && result.isError ? 'failed' : 'succeeded',
        })),
      )
    },
    endpoint: (endpoint) => ({
      ...endpoint,
      handle(request) {
        const trace = newRequestTrace(request)
        return context.with(ROOT_CONTEXT.setValue(traceKey, trace), async () => {
          try {
            const answer = await endpoint.handle(tellingBody(request, (text) => begin(trace, text)))
            if (answer !== undefined) begin(trace).span.setAttribute('http.response.status_code', answer.status)
            return answer
          } finally {
            trace.begun?.span.end(trace.now())
          }
        })
      },
    }),
    close: () => provider.shutdown().catch((error: Error) => warn(error.message)),
  }
}

function newRequestTrace(request: IncomingRequest): RequestTrace {
  const startedAt = Date.now()
  const origin = performance.now()
  return { startedAt, now: () => startedAt + performance.now() - origin, request, before: [] }
}

function currentTrace(): RequestTrace | undefined {
  return context.active().getValue(traceKey) as RequestTrace | undefined
}

function tracedBy(trace: RequestTrace | undefined): { traceparent?: string } {
  return trace?.begun === undefined ? {} : { traceparent: toTraceparent(trace.begun.span.spanContext()) }
}

/** Codes of ours; a message may name somebody. */
function reasonOf(error: unknown): Attributes {
  const reason = (error as { reason?: unknown } | undefined)?.reason
  return typeof reason === 'string' ? { 'mcp.reason': reason } : {}
}
