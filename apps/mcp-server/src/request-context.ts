import { randomUUID } from 'node:crypto'
import type { RawRequest, Refusal } from '@mcp-identity/mcp-authorization'
import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'

/** What is known about one request while it is answered; joins log lines and audit events. */
export interface RequestContext {
  readonly requestId: string
  /** W3C Trace Context, when the caller sent a well-formed one. */
  traceparent?: string | undefined
  protocolEra?: string | undefined
  /** The tool that the request's header names. */
  namedTool?: string | undefined
  /** The token, once it was verified. */
  token?: VerifiedAccessToken | undefined
  /** Why the gate refused. */
  refusal?: Refusal | undefined
  /** The body, once the gate let it be read. */
  bodyText?: string | undefined
  /** Whether a decision about the call was recorded. */
  isDecided: boolean
  /** Something about the call could not be recorded: it must not be answered as if it were. */
  isUnrecorded: boolean
}

/** Under which a request carries its context. Passed on by hand: what follows a request by itself costs every promise. */
const contextKey: unique symbol = Symbol('request context')

/** A request with its context. */
export interface Traced {
  readonly [contextKey]?: RequestContext
}

/** Gives a request its context. */
export function withRequestContext<Request extends object>(
  request: Request,
  context: RequestContext,
): Request & Traced {
  return Object.assign(request, { [contextKey]: context })
}

/** The context that a request was given. Otherwise: an empty one of its own. */
export function contextOf(request: object | undefined): RequestContext {
  return (request as Traced | undefined)?.[contextKey] ?? newRequestContext()
}

export function newRequestContext(): RequestContext {
  return { requestId: randomUUID(), isDecided: false, isUnrecorded: false }
}

const traceparentForm = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** A `traceparent` as W3C Trace Context writes it, or nothing. */
export function readTraceparent(value: unknown): string | undefined {
  return typeof value === 'string' && traceparentForm.test(value) ? value : undefined
}

/** The first value of one header. @param name In lower case. */
export function headerOf({ rawHeaders }: Pick<RawRequest, 'rawHeaders'>, name: string): string | undefined {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const candidate = rawHeaders[index] as string
    if (candidate.length === name.length && candidate.toLowerCase() === name) return rawHeaders[index + 1]
  }
  return undefined
}
