import { TokenError, type VerifiedAccessToken, VerifierUnavailableError } from '@mcp-identity/token-verifier'
import { type Answer, jsonAnswer, toResponse } from './answer.ts'
import { isAuthenticationSufficient } from './authentication-level.ts'
import { buildChallenge, type ChallengeScheme } from './challenge.ts'
import { corsHeaders, isPreflight, preflightAnswer } from './cors.ts'
import { type Credentials, readCredentials } from './credentials.ts'
import { createHostCheck, createOriginCheck } from './host-and-origin.ts'
import { createMetadataFinder, resourceMetadataUrl } from './protected-resource-metadata.ts'
import type { ProtectedResourceOptions } from './protected-resource-options.ts'
import { createRequestCounter } from './rate-limits.ts'
import { headerValues, pathOf, type RawRequest, toRawRequest } from './raw-request.ts'
import {
  type ChallengeCode,
  challengedAnswer,
  DESCRIPTIONS,
  type Refusal,
  type RefusalDetails,
  type RefusalReason,
  refusal,
} from './refusal.ts'
import { assertScopes, createScopeHierarchy } from './scope-hierarchy.ts'
import { acceptedLevels, type ToolRequirement } from './tool-requirement.ts'

/** A request whose access token was verified. */
export interface Authenticated {
  readonly outcome: 'authenticated'
  readonly token: VerifiedAccessToken
  /** The compact form as presented; for exchange at an authorization server (RFC 8693), never to be sent on. */
  readonly compactToken: string
  readonly scheme: ChallengeScheme
  /** Headers for whatever is answered: readable for the page that asked, kept by no cache. */
  readonly headers: Readonly<Record<string, string>>
}

/** What {@link ProtectedResource.authenticate} finds. */
export type Authentication = Authenticated | Refusal

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
  /**
   * The answer that needs no access token: metadata (RFC 9728) and preflights. Undefined: authenticate the request.
   * Answers for paths of this resource only.
   */
  openAnswer(request: RawRequest): Answer | undefined
  /** {@link ProtectedResource.openAnswer} for the metadata alone, as a web `Response`. */
  metadataResponse(request: Request | RawRequest): Response | undefined
  /**
   * The gate, to be asked before a body is read: Host, Origin, rate limit, size, exactly one `Authorization`, then the
   * token. Refusals are values, never thrown; whatever the verifier throws unexpectedly is a 503.
   */
  authenticate(request: Request | RawRequest): Promise<Authentication>
  /** Whether a verified token suffices for an operation; the refusal names all that is needed in one challenge. */
  authorize(authenticated: Authenticated, requirement: ToolRequirement): Refusal | undefined
  /** Whether the scopes of a token hold or imply all of these. */
  hasScopes(token: VerifiedAccessToken, scopes: readonly string[]): boolean
  /** The scopes of which each alone grants `scope`: itself, then the broader ones. */
  grantedBy(scope: string): readonly string[]
  /** All scopes to ask for so that the token covers the operation and keeps what it has, in the order of `scopesSupported`. */
  scopesToAskFor(token: VerifiedAccessToken, scopes: readonly string[]): readonly string[]
  /** The value of a `WWW-Authenticate` header of this resource, made of constants. */
  challenge(code?: ChallengeCode, settings?: { scheme?: ChallengeScheme; scopes?: readonly string[] }): string
  /** Counts a call of one tool by one caller; a refusal when it is one too many. */
  limitToolCall(authenticated: Authenticated, tool: string): Promise<Refusal | undefined>
  /** Refuses one more stream of a caller who has too many open. */
  refuseStream(authenticated: Authenticated): Refusal
  /** Refuses a call whose token stopped being acceptable while it ran. */
  refuseEnded(authenticated: Authenticated, reason?: RefusalReason): Refusal
  /** Tells `onRefused`; the gate does so by itself. */
  report(refused: Refusal, request: RawRequest): Refusal
}

const DEFAULT_MAX_BODY_BYTES = 262_144
const RETRY_AFTER_SECONDS = 5

/**
 * Makes an MCP server's URL an OAuth protected resource (RFC 6750, RFC 9449, RFC 9470, RFC 9728; MCP authorization).
 *
 * Framework-free: takes a web `Request` or a {@link RawRequest}, returns values. Does not route MCP messages; see
 * `createMcpEndpoint`. Does not ask the authorization server anything; that is up to the verifier.
 *
 * @throws {TypeError} An option is wrong; the message names it.
 */
export function createProtectedResource(options: ProtectedResourceOptions): ProtectedResource {
  const settings = readOptions(options)
  const { hierarchy, dpopAlgorithms, metadataUrl } = settings
  const isHostAllowed = createHostCheck(settings.allowedHosts)
  const findOrigin = createOriginCheck(options.allowedOrigins ?? [])
  const findMetadata = createMetadataFinder(settings.resources, settings.describe)
  const endpointPaths = new Set(settings.resources.map((resource) => new URL(resource).pathname))
  const expanded = new WeakMap<VerifiedAccessToken, ReadonlySet<string>>()
  const countAddress =
    options.rateLimits?.perAddress && createRequestCounter(options.rateLimits.perAddress, 'rateLimits.perAddress')
  const perCall = options.rateLimits?.perCallerAndTool
  const countCall = perCall && createRequestCounter(perCall, 'rateLimits.perCallerAndTool')

  const challenges = new Map<string, string>()
  function challengeOf(scheme: ChallengeScheme, code: ChallengeCode | undefined, scopes: readonly string[]): string {
    const key = `${scheme} ${code} ${scopes.join(' ')}`
    const known = challenges.get(key)
    if (known !== undefined) return known
    const built = buildChallenge(scheme, {
      error: code,
      errorDescription: code && DESCRIPTIONS[code],
      scopes,
      resourceMetadata: metadataUrl,
      algorithms: dpopAlgorithms,
    })
    if (challenges.size < 1000) challenges.set(key, built)
    return built
  }

  function scopesOf(token: VerifiedAccessToken): ReadonlySet<string> {
    const known = expanded.get(token)
    if (known !== undefined) return known
    const all = hierarchy.expand(token.scopes)
    expanded.set(token, all)
    return all
  }

  function hasScopes(token: VerifiedAccessToken, scopes: readonly string[]): boolean {
    if (scopes.length === 0) return true
    const held = scopesOf(token)
    return scopes.every((scope) => held.has(scope))
  }

  function scopesToAskFor(token: VerifiedAccessToken, scopes: readonly string[]): readonly string[] {
    const wanted = new Set([...scopes, ...token.scopes.filter((scope) => settings.scopesSupported.includes(scope))])
    const known = settings.scopesSupported.filter((scope) => wanted.delete(scope))
    return [...known, ...wanted]
  }

  function report(refused: Refusal, request: RawRequest): Refusal {
    options.onRefused?.(refused, request)
    return refused
  }

  function refuseChallenged(
    status: number,
    code: ChallengeCode | undefined,
    reason: RefusalReason,
    about: { readonly scheme: ChallengeScheme; readonly headers: Readonly<Record<string, string>> },
    details: RefusalDetails = {},
  ): Refusal {
    const challenge = challengeOf(about.scheme, code, settings.initialScopes)
    return refusal(reason, challengedAnswer(status, challenge, code, about.headers), { code, ...details })
  }

  function unavailable(reason: RefusalReason, seconds: number, headers: Readonly<Record<string, string>>): Refusal {
    const retryAfter = { 'retry-after': String(Math.max(1, Math.ceil(seconds))) }
    return refusal(reason, jsonAnswer(503, { error: 'temporarily_unavailable' }, { ...headers, ...retryAfter }))
  }

  function tooMany(
    reason: RefusalReason,
    seconds: number,
    headers: Readonly<Record<string, string>>,
    token?: VerifiedAccessToken,
  ): Refusal {
    const answer = jsonAnswer(429, { error: 'too_many_requests' }, { ...headers, 'retry-after': String(seconds) })
    return refusal(reason, answer, { token })
  }

  async function limitToolCall({ token, headers }: Authenticated, tool: string): Promise<Refusal | undefined> {
    if (countCall === undefined) return undefined
    const wait = await countCall(JSON.stringify([token.issuer, token.subject, tool]))
    return wait === undefined ? undefined : tooMany('too_many_requests', wait, headers, token)
  }

  /** Everything that is known before the token is looked at. */
  async function refuseBeforeToken(
    request: RawRequest,
  ): Promise<Refusal | { headers: Readonly<Record<string, string>> }> {
    if (!isHostAllowed(request)) return refusal('host_not_allowed', jsonAnswer(403, { error: 'forbidden' }))
    const origin = findOrigin(request)
    if (origin.outcome === 'foreign') return refusal('origin_not_allowed', jsonAnswer(403, { error: 'forbidden' }))
    const headers = origin.outcome === 'allowed' ? settings.corsOf(origin.origin) : settings.corsOf(undefined)
    const wait = countAddress && (await countAddress(request.remoteAddress ?? 'unknown'))
    if (wait !== undefined) return tooMany('too_many_requests', wait, headers)
    if (Number(headerValues(request, 'content-length')[0] ?? 0) > settings.maxBodyBytes) {
      return refusal('body_too_large', jsonAnswer(413, { error: 'content_too_large' }, headers))
    }
    return { headers }
  }

  async function verify(
    request: RawRequest,
    credentials: Extract<Credentials, { outcome: 'presented' }>,
    headers: Readonly<Record<string, string>>,
  ): Promise<Authentication> {
    const { scheme, token: compactToken, dpopProofs } = credentials
    if (dpopProofs.length > 1) {
      return refuseChallenged(401, 'invalid_dpop_proof', 'several_dpop_proofs', { scheme: 'DPoP', headers })
    }
    const proof = dpopProofs[0] === undefined ? {} : { dpopProof: dpopProofs[0] }
    try {
      const url = settings.urlOf(request)
      const token = await options.verifier.verify(compactToken, { method: request.method, url, scheme, ...proof })
      return { outcome: 'authenticated', token, compactToken, scheme, headers }
    } catch (error) {
      return refuseThrown(error, scheme, headers)
    }
  }

  function refuseThrown(error: unknown, scheme: ChallengeScheme, headers: Readonly<Record<string, string>>): Refusal {
    if (error instanceof VerifierUnavailableError) {
      return unavailable('verifier_unavailable', error.retryAfterSeconds, headers)
    }
    if (!(error instanceof TokenError)) {
      options.onError?.(error)
      return unavailable('verification_failed', RETRY_AFTER_SECONDS, headers)
    }
    const { status, asked } = TOKEN_ERRORS[error.code] ?? { status: 401, asked: undefined }
    const nonce = error.dpopNonce === undefined ? {} : { 'dpop-nonce': error.dpopNonce }
    const about = { scheme: asked ?? scheme, headers: { ...headers, ...nonce } }
    return refuseChallenged(status, error.code, error.reason, about, { facts: error.token })
  }

  async function authenticateRaw(request: RawRequest): Promise<Authentication> {
    const before = await refuseBeforeToken(request)
    if ('outcome' in before) return before
    const { headers } = before
    const credentials = readCredentials(request)
    const scheme = options.dpop?.required === true ? 'DPoP' : 'Bearer'
    if (credentials.outcome === 'none') return refuseChallenged(401, undefined, 'no_credentials', { scheme, headers })
    if (credentials.outcome === 'malformed') {
      return refuseChallenged(400, 'invalid_request', credentials.reason, { scheme, headers })
    }
    const wait = options.unavailable?.()
    if (wait !== undefined) return unavailable('revocation_state_unavailable', wait, headers)
    return verify(request, credentials, headers)
  }

  function authorize(authenticated: Authenticated, requirement: ToolRequirement): Refusal | undefined {
    const { token, scheme, headers } = authenticated
    if (!isAuthenticationSufficient(token, requirement, settings.clock())) {
      return refuseSignIn(authenticated, requirement)
    }
    if (hasScopes(token, requirement.scopes)) return undefined
    const challenge = challengeOf(scheme, 'insufficient_scope', scopesToAskFor(token, requirement.scopes))
    const answer = challengedAnswer(403, challenge, 'insufficient_scope', headers)
    return refusal('insufficient_scope', answer, { code: 'insufficient_scope', token })
  }

  function refuseSignIn({ token, scheme, headers }: Authenticated, requirement: ToolRequirement): Refusal {
    const code = 'insufficient_user_authentication'
    const challenge = buildChallenge(scheme, {
      error: code,
      errorDescription: DESCRIPTIONS[code],
      scopes: scopesToAskFor(token, requirement.scopes),
      acrValues: acceptedLevels(requirement),
      maxAgeSeconds: requirement.maxAuthenticationAgeSeconds,
      algorithms: dpopAlgorithms,
      resourceMetadata: metadataUrl,
    })
    return refusal(code, challengedAnswer(401, challenge, code, headers), { code, token })
  }

  function metadataAnswer(request: RawRequest): Answer | undefined {
    const found = findMetadata(request)
    if (found === undefined) return undefined
    if (isPreflight(request)) return preflightAnswer('*')
    if (!isHostAllowed(request)) return jsonAnswer(403, { error: 'forbidden' })
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return jsonAnswer(405, { error: 'method_not_allowed' }, { allow: 'GET, HEAD, OPTIONS' })
    }
    const headers = {
      'content-type': 'application/json',
      'cache-control': 'public, max-age=300',
      'access-control-allow-origin': '*',
    }
    return { status: 200, headers, body: request.method === 'HEAD' ? undefined : found.document }
  }

  function preflight(request: RawRequest): Answer | undefined {
    if (!endpointPaths.has(pathOf(request)) || !isPreflight(request)) return undefined
    const origin = findOrigin(request)
    return isHostAllowed(request) && origin.outcome === 'allowed'
      ? preflightAnswer(origin.origin)
      : jsonAnswer(403, { error: 'forbidden' })
  }

  return {
    resource: options.resource,
    metadataUrl,
    scopesSupported: settings.scopesSupported,
    maxBodyBytes: settings.maxBodyBytes,
    now: settings.clock,
    isEndpoint: (request) => endpointPaths.has(pathOf(request)),
    serves: (request) => endpointPaths.has(pathOf(request)) || findMetadata(request) !== undefined,
    openAnswer: (request) => metadataAnswer(request) ?? preflight(request),
    metadataResponse(request) {
      const answer = metadataAnswer(request instanceof Request ? toRawRequest(request) : request)
      return answer && toResponse(answer)
    },
    async authenticate(request) {
      const raw = request instanceof Request ? toRawRequest(request) : request
      const authentication = await authenticateRaw(raw)
      if (authentication.outcome === 'refused') report(authentication, raw)
      return authentication
    },
    authorize,
    hasScopes,
    grantedBy: hierarchy.grantedBy,
    scopesToAskFor,
    challenge: (code, about = {}) =>
      challengeOf(about.scheme ?? 'Bearer', code, about.scopes ?? settings.initialScopes),
    limitToolCall,
    refuseStream: ({ token, headers }) => tooMany('too_many_streams', RETRY_AFTER_SECONDS, headers, token),
    refuseEnded: (authenticated, reason = 'call_ended') =>
      refuseChallenged(401, 'invalid_token', reason, authenticated, { token: authenticated.token }),
    report,
  }
}

/** Status of each code that a verifier throws, and the scheme to ask for where it is not the one that was used. */
const TOKEN_ERRORS: Readonly<Record<string, { readonly status: number; readonly asked?: ChallengeScheme }>> = {
  invalid_request: { status: 400 },
  invalid_token: { status: 401 },
  insufficient_scope: { status: 403 },
  insufficient_user_authentication: { status: 401 },
  invalid_dpop_proof: { status: 401, asked: 'DPoP' },
  use_dpop_nonce: { status: 401, asked: 'DPoP' },
}

function readOptions(options: ProtectedResourceOptions) {
  const resources: readonly [string, ...string[]] = [options.resource, ...(options.resourceAliases ?? [])]
  for (const resource of resources) assertResource(resource)
  if (options.authorizationServers.length === 0)
    throw new TypeError('authorizationServers must name at least one issuer')
  assertScopes(options.scopesSupported, 'scopesSupported')
  const initialScopes = options.initialScopes ?? options.scopesSupported
  assertScopes(initialScopes, 'initialScopes')
  const maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES
  if (!Number.isSafeInteger(maxBodyBytes) || maxBodyBytes < 1) throw new TypeError('maxBodyBytes must be 1 or more')
  const hosts = resources.map((resource) => new URL(resource).host)
  const cors = new Map<string | undefined, Readonly<Record<string, string>>>()
  for (const origin of [undefined, ...(options.allowedOrigins ?? [])]) {
    cors.set(origin, Object.freeze({ 'cache-control': 'no-store', ...corsHeaders(origin) }))
  }
  const dpopAlgorithms = options.dpop?.algorithms
  return {
    resources,
    initialScopes,
    maxBodyBytes,
    dpopAlgorithms,
    scopesSupported: options.scopesSupported,
    metadataUrl: resourceMetadataUrl(options.resource),
    allowedHosts: options.allowedHosts ?? hosts,
    clock: options.clock ?? (() => Date.now() / 1000),
    hierarchy: createScopeHierarchy(options.scopeHierarchy ?? {}),
    corsOf: (origin: string | undefined) => cors.get(origin) ?? {},
    /** The URL that a DPoP proof names (`htu`): the spelling whose host the request names, never the request's own word. */
    urlOf(request: RawRequest): string {
      if (resources.length === 1) return options.resource
      const host = headerValues(request, 'host')[0]?.toLowerCase()
      const path = pathOf(request)
      const index = resources.findIndex((resource, at) => hosts[at] === host && new URL(resource).pathname === path)
      return resources[index] ?? options.resource
    },
    describe: (resource: string) => ({
      resource,
      authorization_servers: options.authorizationServers,
      scopes_supported: options.scopesSupported,
      bearer_methods_supported: ['header'] as const,
      resource_name: options.documentation?.name,
      resource_documentation: options.documentation?.documentationUrl,
      resource_policy_uri: options.documentation?.policyUrl,
      resource_tos_uri: options.documentation?.termsUrl,
      dpop_signing_alg_values_supported: dpopAlgorithms,
      dpop_bound_access_tokens_required: options.dpop?.required,
    }),
  }
}

/** RFC 9728 section 1.2: a URL without fragment; exact strings matter, so it must be written as it will be compared. */
function assertResource(resource: string): void {
  const problem = 'must be an http or https URL without fragment, as clients will write it'
  if (!URL.canParse(resource)) throw new TypeError(`resource ${problem}, found ${JSON.stringify(resource)}`)
  const url = new URL(resource)
  const canonical = url.pathname === '/' && !resource.endsWith('/') ? `${url.origin}${url.search}` : url.href
  if (!/^https?:$/.test(url.protocol) || resource.includes('#') || canonical !== resource || url.username !== '') {
    throw new TypeError(`resource ${problem}, found ${JSON.stringify(resource)}`)
  }
}
