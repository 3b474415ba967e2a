import { mkdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import {
  createCallRegistry,
  createMcpEndpoint,
  createProtectedResource,
  type TokenVerifier,
} from '@mcp-identity/mcp-authorization'
import { toNodeListener } from '@mcp-identity/mcp-authorization/node'
import type { PolicyModel, PolicyReload, ShadowDifference } from '@mcp-identity/policy'
import { openFourEyesStore } from '@mcp-identity/policy/store'
import { createKeycloakAdminClient, type FeedState, isCutOffBy, type Signal } from '@mcp-identity/shared-signals'
import { createAccessTokenVerifier, type KeySetChange, type VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { Logger } from 'pino'
import { groupsOf, openAccessReviews } from './access-reviews.ts'
import { callerMembers, present } from './audit-events.ts'
import type { Config } from './config.ts'
import { openCustomerDatabase } from './customers/customer-database.ts'
import { createFourEyes } from './four-eyes.ts'
import { accessApi } from './http/access-api.ts'
import { accessReviewApi } from './http/access-review-api.ts'
import { accessWatch } from './http/access-watch.ts'
import type { RouteHandler } from './http/answers.ts'
import { sendJson } from './http/answers.ts'
import { auditApi } from './http/audit-api.ts'
import { fourEyesApi } from './http/four-eyes-api.ts'
import { healthz, type ReadinessCheck, readyz } from './http/health.ts'
import { policiesApi } from './http/policies-api.ts'
import { readableBy } from './http/readable-by.ts'
import { signalReceivers } from './http/signal-receivers.ts'
import { createIntrospector } from './introspection.ts'
import { issuerProfile, scopeNaming } from './issuers.ts'
import { probeKeySets } from './key-set-probe.ts'
import { createLeaverReports } from './leaver-report.ts'
import { createLiveCallers } from './live-caller.ts'
import { createMetrics } from './metrics.ts'
import { openAuditTrail } from './open-audit-trail.ts'
import { openPolicies } from './policies.ts'
import { createPolicyClock } from './policy-clock.ts'
import { createRealmDirectory, type RealmDirectory } from './realm-directory.ts'
import { recordedEndpoint } from './recorded-endpoint.ts'
import { contextOf, newRequestContext, withRequestContext } from './request-context.ts'
import { scopeHierarchy, scopesSupported } from './scopes.ts'
import { openSignals } from './signals.ts'
import { createToolGuard } from './tool-guard.ts'
import { type CompanyTool, createGrants } from './tools/company-tool.ts'
import { customerTools } from './tools/customer-tools.ts'
import { financeAndReportTools } from './tools/finance-and-report-tools.ts'
import { identityAndAuditTools } from './tools/identity-and-audit-tools.ts'
import { openTracing } from './tracing/open-tracing.ts'
import { createVisibility } from './visibility.ts'

export interface RunningServer {
  /** The port that was given, or found when 0 was asked for. */
  readonly port: number
  /** Takes in signals as a feed would. */
  applySignals(signals: readonly Signal[]): Promise<void>
  /** Reads the policies again; wrong ones leave those before in force. The audit log tells either way. */
  reloadPolicies(): void
  /**
   * Says in `/readyz` that it stops, for the time of `drainMs`, while it answers on; then ends calls and streams, lets
   * answers under way go out, and closes the databases.
   */
  stop(): Promise<void>
}

/** Tools beside the demonstration's own, under the same gate, policies and audit. */
export interface AddedTools {
  readonly tools: readonly CompanyTool[]
  /** The demonstration's model with these tools in it: policies decide about nothing that it does not describe. */
  readonly model: PolicyModel
}

/** What a signal may name beside a subject. */
const noNames: { sessionId?: string | undefined; tokenId?: string | undefined; clientId?: string | undefined } = {}

/** How long answers under way may take when the server stops. */
const answersUnderWayMs = 5_000

/**
 * Puts the server together and starts to listen.
 *
 * Comes up without its authorization servers: `/readyz` then says what it waits for, and calls are answered 503.
 *
 * @throws {Error} The port is taken, a database cannot be opened, a policy is wrong: nothing was started then.
 */
export async function startServer(config: Config, logger: Logger, added?: AddedTools): Promise<RunningServer> {
  mkdirSync(config.dataDirectory, { recursive: true, mode: 0o700 })
  const policies = openPolicies({
    config,
    model: added?.model,
    clock: createPolicyClock(config.developmentClockFile),
    onReload: noteReload,
    onDifference: noteDifference,
    onError: (cause) => logger.error({ err: cause }, 'policies beside those in force'),
  })
  const { engine } = policies
  const issuers = config.issuers.map((issuer) => issuerProfile(issuer, config.development))
  const database = openCustomerDatabase(join(config.dataDirectory, 'customers.db'), {
    reseed: config.developmentReseed,
  })
  const tracing = await openTracing(config.tracing, logger)
  const auditTrail = tracing.auditTrail(await openAuditTrail(config.audit, config.dataDirectory, logger))
  const realm = realmOf(config)
  /** What people decide is kept beside the data, or where all replicas see it. */
  const placeOf = (file: string) => config.sharedStore ?? join(config.dataDirectory, file)
  const reviews = await openAccessReviews({
    dataDirectory: config.dataDirectory,
    place: placeOf('access-reviews.db'),
    catchUpEveryMs: config.sharedStore === undefined ? undefined : 5_000,
    engine,
    auditTrail,
    realm,
  })
  const calls = createCallRegistry({
    onEnded: ({ token, kind }, reason) => {
      if (kind === 'stream')
        auditTrail.note({
          phase: 'security',
          action: 'stream_cut',
          outcome: 'succeeded',
          reason,
          ...callerMembers(token),
        })
    },
  })
  /** Those told as stale. A feed that has not begun yet is no news. */
  const staleFeeds = new Set<string>()
  const signals = openSignals({
    config,
    onSignal: takeIn,
    onState: noteFeedState,
    otherFeeds: (issuer) => receivers?.feedsOf(issuer) ?? [],
  })
  const metrics = createMetrics({
    cutOffs: () => signals.cutOffs,
    feeds: feedAges,
    openCalls: () => calls.size,
    auditWritable: () => auditTrail.isWritable,
    policiesStale: () => policies.problem !== undefined,
    auditDeliveries: auditTrail.deliveries,
  })
  const introspectors = new Map(config.keycloakEvents.map((feed) => [feed.issuer, createIntrospector(feed)]))
  const liveCallers = createLiveCallers(signals.cutOffs, introspectors)
  const verifier = createAccessTokenVerifier({
    resource: config.resource,
    issuers,
    maxTokenLifetimeSeconds: config.maxTokenLifetimeSeconds,
    isRevoked: signals.reasonRefused,
    dpop: present({ replays: signals.remember && { remember: signals.remember } }),
    onWarning: (message) => logger.warn(message),
    keySets: { onChange: noteKeySetChange },
  })
  const receivers =
    config.transmitters.length === 0
      ? undefined
      : signalReceivers({ config, signals, metrics, onState: noteFeedState, logger })
  const rememberingVerifier: TokenVerifier = {
    async verify(compactToken, request) {
      const token = await verifier.verify(compactToken, request)
      receivers?.learn(token)
      await liveCallers.settle(token, compactToken)
      learnRoles(token)
      return token
    },
  }
  const protectedResource = createProtectedResource({
    resource: config.resource,
    authorizationServers: config.issuers.map(({ issuer }) => issuer),
    verifier: tracing.verifier(rememberingVerifier),
    scopesSupported,
    nameScopes: scopeNaming(config.issuers),
    scopeHierarchy,
    allowedOrigins: config.allowedOrigins,
    allowedHosts: [new URL(config.resource).host, ...config.allowedHosts],
    rateLimits: { perCallerAndTool: { requests: config.callsPerMinute, seconds: 60 } },
    documentation: { name: 'Customer records of the company' },
    onAuthenticated: (token, request) => {
      contextOf(request).token = token
    },
    onRefused: (refusal, request) => {
      contextOf(request).refusal = refusal
      metrics.refusals.inc({ reason: refusal.reason })
    },
    onError: (error, request) =>
      logger.error({ err: error, requestId: contextOf(request).requestId }, 'a request failed'),
  })

  const grants = createGrants()
  const companyTools = [
    ...identityAndAuditTools({ auditLog: auditTrail, grants }),
    ...customerTools({ database, grants }),
    ...financeAndReportTools({ database, grants }),
    ...(added?.tools ?? []),
  ]
  const tools = new Map(companyTools.map((entry) => [entry.tool.name, entry]))
  const approvals = await openFourEyesStore(placeOf('approvals.db'))
  const fourEyes = createFourEyes({
    engine,
    store: approvals,
    auditTrail,
    recordOf: (name, args) => tools.get(name)?.recordOf?.(args),
  })
  const guard = createToolGuard({
    tools,
    engine,
    fourEyes: tracing.policy(fourEyes),
    liveCallers,
    cutOffs: signals.cutOffs,
    auditTrail,
    grants,
    metrics,
    logger,
  })
  const recorded = recordedEndpoint({
    endpoint: createMcpEndpoint({
      protectedResource,
      serverInfo: { name: 'customer-records', title: 'Customer records', version: '1.0.0' },
      serverOptions: { instructions },
      tools: companyTools.map(({ tool }) => tool),
      visibility: createVisibility(engine, liveCallers),
      guard: tracing.guard(guard),
      calls,
      reasonToWithhold: signals.cutOffs.reasonRefused,
      onError: (error, request) =>
        logger.error({ err: error, requestId: contextOf(request).requestId }, 'a request failed'),
    }),
    engine,
    auditTrail,
    isTool: (name) => tools.has(name),
  })

  const endpoint = tracing.endpoint(recorded)

  const probe = probeKeySets(config.issuers)
  const audit = auditApi({
    protectedResource,
    engine,
    liveCallers,
    auditTrail,
    calls,
    allowedOrigins: config.allowedOrigins,
  })
  const access = accessApi({
    protectedResource,
    engine,
    liveCallers,
    tools: companyTools.map(({ tool }) => tool),
    maxTokenLifetimeSeconds: config.maxTokenLifetimeSeconds,
  })
  const forConsole = (handle: RouteHandler): RouteHandler => readableBy(config.allowedOrigins, handle)
  const routes = new Map<string, RouteHandler>([
    ['/healthz', healthz],
    ['/readyz', forConsole(readyz(readinessChecks()))],
    ['/metrics', serveMetrics],
    ['/access', forConsole(access)],
    ['/access/watch', forConsole(accessWatch({ protectedResource, calls }))],
    ['/audit', audit.query],
    ['/audit/stream', audit.stream],
    ['/audit/checkpoint', audit.checkpoint],
    ['/audit/proof', audit.proof],
  ])
  const policiesRoutes = policiesApi({
    protectedResource,
    engine,
    candidate: policies.candidate,
    liveCallers,
    auditTrail,
    directory: directoryOf(config),
    issuer: config.issuers[0]?.issuer ?? '',
  })
  for (const [path, route] of policiesRoutes) routes.set(path, forConsole(route))
  const leavers = createLeaverReports({
    realm,
    engine,
    auditTrail,
    cutOffs: signals.cutOffs,
    maxTokenLifetimeSeconds: config.maxTokenLifetimeSeconds,
  })
  const review = accessReviewApi({ protectedResource, engine, liveCallers, auditTrail, reviews, leavers })
  for (const [path, route] of review) routes.set(path, forConsole(route))
  for (const [path, route] of fourEyesApi({ protectedResource, liveCallers, fourEyes }))
    routes.set(path, forConsole(route))
  for (const [path, route] of receivers?.routes ?? []) routes.set(path, route)
  if (config.conformance) {
    const { conformanceRoutes } = await import('./conformance/conformance-endpoint.ts')
    for (const [path, route] of conformanceRoutes(config, verifier)) routes.set(path, route)
  }
  const toEndpoint = toNodeListener(endpoint)
  const { pathname: endpointPath } = new URL(config.resource)
  let isStopping = false
  const server = createListener(config, (request, response) => {
    if (isStopping) response.shouldKeepAlive = false
    if (request.url === endpointPath) return toEndpoint(request, response)
    const url = new URL(request.url ?? '/', 'http://server.invalid')
    const route = routes.get(url.pathname)
    if (route === undefined) return toEndpoint(request, response)
    void runRoute(route, withRequestContext(request, newRequestContext()), response, url)
  })
  server.headersTimeout = 10_000
  server.requestTimeout = 30_000
  await listen(config)

  /** The access review is told of roles; calls go on when it cannot keep them. */
  function learnRoles(token: VerifiedAccessToken): void {
    if (signals.cutOffs.permissionsChangedSince(token, groupsOf(token))) return
    reviews.learn(token).catch(noteUnwrittenReview)
  }

  function noteUnwrittenReview(error: unknown): void {
    logger.error({ err: error }, 'the access review cannot be written')
  }

  /** From the moment in which a feed is behind, calls are refused: whoever reads the record later has to see when and why. */
  function noteFeedState(state: FeedState): void {
    logger[state.stale ? 'warn' : 'info']({ feed: state }, 'signal feed')
    const feed = `${state.feed} ${state.issuer}`
    const hasNotBegun = state.lastSuccessAt === undefined && state.error === undefined
    if (hasNotBegun || staleFeeds.has(feed) === state.stale) return
    if (state.stale) staleFeeds.add(feed)
    else staleFeeds.delete(feed)
    auditTrail.note({
      phase: 'security',
      action: state.stale ? 'signal_feed_stale' : 'signal_feed_current',
      outcome: state.stale ? 'failed' : 'succeeded',
      ...present({ issuer: state.issuer, reason: state.error }),
      details: { feed: state.feed },
    })
  }

  /** A signal that changed something: end what it ends, and put it on record. */
  function takeIn(signal: Signal): void {
    metrics.signals.inc({ kind: signal.kind, cause: signal.kind === 'cut_off' ? signal.cause : '' })
    if (signal.kind === 'cut_off')
      metrics.cutOffDelay.observe({ cause: signal.cause }, Math.max(0, Date.now() / 1000 - signal.notBefore))
    if (signal.kind === 'permissions_changed') reviews.forgetRoles(signal.issuer, signal).catch(noteUnwrittenReview)
    const endedCalls = signal.kind === 'cut_off' ? calls.endWhere((token) => isCutOffBy(token, signal), 'revoked') : 0
    const { kind, issuer, subject, cause: reason, ...more } = signal
    const { sessionId, tokenId, clientId, ...details } = { ...noNames, ...more }
    auditTrail.note({
      phase: 'security',
      action: kind === 'cut_off' ? 'revocation_received' : 'permissions_change_received',
      outcome: 'succeeded',
      ...present({ issuer, subject, reason, sessionId, tokenId, clientId }),
      details: present({ ...details, endedCalls }),
    })
  }

  /** Callers may read `/readyz`, so it does not say what is in the files. */
  function staleWarning(): string | undefined {
    return policies.problem === undefined ? undefined : 'the newest policies were refused, those before are in force'
  }

  function noteDifference({ call, live, candidate }: ShadowDifference): void {
    metrics.shadowDifferences.inc({ tool: call.tool, live: live.outcome, candidate: candidate.outcome })
    const { issuer, subject, name, email, department } = call.caller
    auditTrail.note({
      phase: 'security',
      action: 'shadow_policies_differ',
      outcome: candidate.outcome === 'allowed' ? 'allowed' : 'refused',
      issuer,
      subject,
      ...present({ name: name ?? undefined, email: email ?? undefined, department: department ?? undefined }),
      tool: call.tool,
      policies: candidate.policies,
      policyVersion: candidate.version,
      details: { live: live.outcome, livePolicies: live.policies, candidate: candidate.outcome },
    })
  }

  function noteReload({ outcome, version, ...what }: PolicyReload): void {
    metrics.policyReloads.inc({ outcome })
    if (outcome === 'refused') logger.error(what, 'the policies were not read again: those before stay in force')
    if (outcome === 'unchanged') return
    auditTrail.note({
      phase: 'security',
      action: 'policies_reloaded',
      outcome: outcome === 'refused' ? 'failed' : 'succeeded',
      policyVersion: version,
      details: { ...what },
    })
  }

  /** Keys that an issuer signs with come and go; who can add one can make tokens. */
  function noteKeySetChange({ issuer, added, withdrawn }: KeySetChange): void {
    logger.info({ issuer, added, withdrawn }, 'an issuer changed its keys')
    const details = { added, withdrawn }
    auditTrail.note({ phase: 'security', action: 'keys_rotated', outcome: 'succeeded', issuer, details })
  }

  function feedAges(): { feed: string; issuer: string; ageSeconds: number }[] {
    return [...signals.feeds(), ...(receivers?.feeds() ?? [])].map(({ feed, issuer, lastSuccessAt = 0 }) => ({
      feed,
      issuer,
      ageSeconds: Date.now() / 1000 - lastSuccessAt,
    }))
  }

  function readinessChecks(): ReadinessCheck[] {
    return [
      {
        name: 'server',
        problem: () => (isStopping ? 'its end: it was told to stop' : undefined),
        warning: () => (config.development ? 'development mode: never beyond your own machine' : undefined),
      },
      { name: 'policies', problem: () => undefined, warning: staleWarning },
      {
        name: 'audit log',
        problem: () => (auditTrail.isWritable ? undefined : 'the audit log to be writable again'),
        warning: () =>
          config.audit.personalData ? undefined : 'personal data is stored as it is and cannot be erased',
      },
      { name: 'key sets', problem: () => waitFor(probe.unreached(), 'an answer from') },
      {
        name: 'signal feeds',
        problem: () =>
          waitFor(
            [...signals.feeds(), ...(receivers?.feedsOf() ?? [])].flatMap(({ stale, issuer, error }) =>
              stale ? [`${issuer}${error ? ` (${error})` : ''}`] : [],
            ),
            'news from',
          ),
        warning: () =>
          feedAges().length === 0
            ? 'there are none: tokens of people who lost access live until they expire'
            : undefined,
        ageSeconds: () => {
          const ages = feedAges().map((feed) => feed.ageSeconds)
          return ages.length === 0 ? undefined : Math.max(...ages)
        },
      },
    ]
  }

  async function serveMetrics(_request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await metrics.registry.metrics()
    response.writeHead(200, { 'content-type': metrics.registry.contentType, 'cache-control': 'no-store' }).end(text)
  }

  async function runRoute(
    route: RouteHandler,
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Promise<void> {
    try {
      await route(request, response, url)
    } catch (error) {
      logger.error({ err: error, requestId: contextOf(request).requestId }, 'a request failed')
      if (response.headersSent) response.destroy()
      else sendJson(response, 503, { error: 'temporarily_unavailable' }, { 'retry-after': '5' })
    }
  }

  function listen({ port, host }: Config): Promise<void> {
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
  }

  async function stop(): Promise<void> {
    isStopping = true
    if (config.drainMs > 0) await wait(config.drainMs)
    probe.stop()
    const closed = new Promise((resolve) => server.close(resolve))
    await endpoint.close()
    server.closeIdleConnections()
    const timer = setTimeout(() => server.closeAllConnections(), answersUnderWayMs)
    await closed
    clearTimeout(timer)
    await receivers?.close()
    liveCallers.close()
    verifier.close()
    signals.close()
    await auditTrail.close()
    await tracing.close()
    database.close()
    await reviews.close()
    await approvals.close()
    policies.close()
  }

  return {
    port: (server.address() as AddressInfo).port,
    applySignals: signals.apply,
    reloadPolicies: policies.reload,
    stop,
  }
}

const instructions =
  'Customer records of the company. Every call is made in the name of the person or service that signed in, is decided by the company’s policies and put on record. A refusal says why; do not try the same call again unless it names a time.'

/** Speaks TLS where a certificate is given (1.2 or newer, Node's own choice of ciphers). */
function createListener({ tls }: Pick<Config, 'tls'>, listener: RequestListener): Server {
  return tls === undefined ? createServer(listener) : createTlsServer({ cert: tls.certificate, key: tls.key }, listener)
}

/** The realm behind the first feed: the resource server is a client there already. */
function directoryOf({ keycloakEvents: [realm] }: Config): RealmDirectory | undefined {
  if (realm === undefined) return undefined
  return createRealmDirectory({ ...realm, requestTimeoutMs: 3_000, clock: () => Date.now() / 1000 })
}

/** The same realm, for the access review, which reads more of it and may wait longer. */
function realmOf({ keycloakEvents: [realm], resource }: Config) {
  if (realm === undefined) return undefined
  const admin = createKeycloakAdminClient({ ...realm, requestTimeoutMs: 10_000, clock: () => Date.now() / 1000 })
  return { issuer: realm.issuer, resource, admin }
}

function waitFor(names: readonly string[], what: string): string | undefined {
  return names.length === 0 ? undefined : `${what} ${names.join(', ')}`
}
