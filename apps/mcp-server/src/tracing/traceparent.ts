import type { RawRequest } from '@mcp-identity/mcp-authorization'
import { type Context, isSpanContextValid, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api'
import { headerOf, readTraceparent } from '../request-context.ts'

/** The span that a request is part of: by its header (W3C Trace Context), or by `_meta` of its message (MCP). */
export function readParent(request: RawRequest, bodyText: string | undefined): Context {
  const traceparent = readTraceparent(headerOf(request, 'traceparent')) ?? readTraceparent(metaTraceparent(bodyText))
  if (traceparent === undefined) return ROOT_CONTEXT
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-')
  const parent: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true }
  return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT
}

export function toTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`
}

function metaTraceparent(bodyText: string | undefined): unknown {
  if (bodyText?.includes('"traceparent"') !== true) return undefined
  try {
    const body = JSON.parse(bodyText)
    return (Array.isArray(body) ? body[0] : body)?.params?._meta?.traceparent
  } catch {
    return undefined
  }
}
