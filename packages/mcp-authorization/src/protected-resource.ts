import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import { type Answer, toResponse } from './answer.ts'
import { isAuthenticationSufficient } from './authentication-level.ts'
import type { ChallengeScheme } from './challenge.ts'
import { type Authenticated, type Authentication, createGate } from './gate.ts'
import { createOpenAnswers } from './open-answers.ts'
import type { ProtectedResourceOptions } from './protected-resource-options.ts'
import { createRequestCounter } from './rate-limits.ts'
import { type RawRequest, toRawRequest } from './raw-request.ts'
import type { ChallengeCode, Refusal, RefusalReason } from './refusal.ts'
import { createRefusals } from './refusals.ts'
import { readResourceSettings } from './resource-settings.ts'
import { createTokenScopes } from './token-scopes.ts'
import type { ToolRequirement } from './tool-requirement.ts'

/** A protected resource (RFC 9728): its gate, its metadata, its challenges. */
export interface ProtectedResource {
  /** The canonical resource URI. */
  readonly resource: string
  /** Where its metadata is published. */
  readonly metadataUrl: string
  readonly scopesSupported: readonly string[]
  /** Bytes of a request body that are read at most. */
  readonly maxBodyBytes: number
  /** Seconds since the epoch, by the clock of this resource. */
  now(): number

  /** Whether the request is for the resource itself, by its exact path. */
  isEndpoint(request: RawRequest): boolean
  /** Whether the request is for the resource or for its metadata. */
  serves(request: RawRequest): boolean
  /** The answer that needs no access token: metadata (RFC 9728) and preflights. Undefined: authenticate the request. */
  openAnswer(request: RawRequest): Answer | undefined
  /** The metadata as a web `Response`; undefined when the request is not for it. */
  metadataResponse(request: Request | RawRequest): Response | undefined

  /**
   * The gate, to be asked before a body is read: Host, Origin, rate limit, size, exactly one `Authorization`, then the
   * token. Refusals are values; it throws only when a rate limiter of yours fails.
   */
  authenticate(request: Request | RawRequest): Promise<Authentication>
  /** Whether a verified token suffices for an operation; the refusal names all that is needed in one challenge. */
  authorize(authenticated: Authenticated, requirement: ToolRequirement): Refusal | undefined
  /** Whether calls of tools are counted at all. */
  readonly limitsToolCalls: boolean
  /** Counts a call of one tool by one caller; a refusal when it is one too many. */
  limitToolCall(authenticated: Authenticated, tool: string): Promise<Refusal | undefined>

  /** Whether the scopes of a token hold or imply all of these. */
  hasScopes(token: VerifiedAccessToken, scopes: readonly string[]): boolean
  /** The scopes of which each alone grants `scope`: itself, then the broader ones. */
  grantedBy(scope: string): readonly string[]
  /** All scopes to ask for so that the token covers these and keeps what it has, in the order of `scopesSupported`. */
  scopesToAskFor(token: VerifiedAccessToken, scopes: readonly string[]): readonly string[]
  /** The value of a `WWW-Authenticate` header of this resource, made of constants. */
  challenge(code?: ChallengeCode, settings?: { scheme?: ChallengeScheme; scopes?: readonly string[] }): string

  /** Refuses one more stream of a caller who has too many open. */
  refuseStream(authenticated: Authenticated): Refusal
  /** Refuses a call whose token stopped being acceptable while it ran. */
  refuseEnded(authenticated: Authenticated, reason?: RefusalReason): Refusal
  /** Tells `onRefused`, which the gate does by itself, and returns the refusal. */
  report(refused: Refusal, request: RawRequest): Refusal
}

const STREAM_RETRY_SECONDS = 5

/**
 * Makes an MCP server's URL an OAuth protected resource (RFC 6750, RFC 9449, RFC 9470, RFC 9728; MCP authorization).
 *
 * Framework-free: takes a web `Request` or a {@link RawRequest}, returns values. Does not route MCP messages; see
 * `createMcpEndpoint`. Does not ask the authorization server anything; that is up to the verifier.
 *
 * @throws {TypeError} An option is wrong; the message names it.
 */
export function createProtectedResource(options: ProtectedResourceOptions): ProtectedResource {
  const settings = readResourceSettings(options)
  const refusals = createRefusals(settings)
  const gate = createGate(options, settings, refusals)
  const open = createOpenAnswers(settings)
  const scopes = createTokenScopes(settings.scopesSupported, settings.hierarchy)
  const perCaller = options.rateLimits?.perCallerAndTool
  const countCall = perCaller && createRequestCounter(perCaller, 'rateLimits.perCallerAndTool')

  function report(refused: Refusal, request: RawRequest): Refusal {
    options.onRefused?.(refused, request)
    return refused
  }

  return {
    resource: options.resource,
    metadataUrl: settings.metadataUrl,
    scopesSupported: settings.scopesSupported,
    maxBodyBytes: settings.maxBodyBytes,
    now: settings.clock,
    isEndpoint: open.isEndpoint,
    serves: (request) => open.isEndpoint(request) || open.isMetadata(request),
    openAnswer: (request) => open.metadata(request) ?? open.preflight(request),
    metadataResponse(request) {
      const answer = open.metadata(request instanceof Request ? toRawRequest(request) : request)
      return answer && toResponse(answer)
    },
    authenticate: (request) => gate(request instanceof Request ? toRawRequest(request) : request),
    authorize(authenticated, requirement) {
      const { token } = authenticated
      const toAskFor = () => scopes.toAskFor(token, requirement.scopes)
      if (!isAuthenticationSufficient(token, requirement, settings.clock())) {
        return refusals.signIn(token, toAskFor(), requirement, authenticated)
      }
      if (scopes.has(token, requirement.scopes)) return undefined
      return refusals.scope(token, toAskFor(), authenticated)
    },
    limitsToolCalls: countCall !== undefined,
    async limitToolCall(authenticated, tool) {
      const { issuer, subject } = authenticated.token
      const wait = await countCall?.(JSON.stringify([issuer, subject, tool]))
      if (wait === undefined) return undefined
      return refusals.tooMany('too_many_requests', wait, authenticated, authenticated.token)
    },
    hasScopes: scopes.has,
    grantedBy: settings.hierarchy.grantedBy,
    scopesToAskFor: scopes.toAskFor,
    challenge: (code, { scheme = settings.scheme, scopes: asked = settings.initialScopes } = {}) =>
      refusals.challenge(scheme, code, asked, settings.metadataUrl),
    refuseStream: (authenticated) =>
      refusals.tooMany('too_many_streams', STREAM_RETRY_SECONDS, authenticated, authenticated.token),
    refuseEnded: (authenticated, reason = 'call_ended') =>
      refusals.challenged(401, 'invalid_token', reason, authenticated, { token: authenticated.token }),
    report,
  }
}
