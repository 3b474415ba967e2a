import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { Refusal } from '@mcp-identity/mcp-authorization'
import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'

/** What is known about one request while it is answered; joins log lines and audit events. */
export interface RequestContext {
  readonly requestId: string
  readonly startedAtMs: number
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

const storage = new AsyncLocalStorage<RequestContext>()

/** Runs a function as part of a request. */
export function withRequestContext<Result>(context: RequestContext, run: () => Result): Result {
  return storage.run(context, run)
}

/** The request that is being answered. Outside of one: an empty context of its own. */
export function requestContext(): RequestContext {
  return storage.getStore() ?? newRequestContext()
}

export function newRequestContext(): RequestContext {
  return { requestId: randomUUID(), startedAtMs: performance.now(), isDecided: false, isUnrecorded: false }
}

const traceparentForm = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** A `traceparent` as W3C Trace Context writes it, or nothing. */
export function readTraceparent(value: unknown): string | undefined {
  return typeof value === 'string' && traceparentForm.test(value) ? value : undefined
}
