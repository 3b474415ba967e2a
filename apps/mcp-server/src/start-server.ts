import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createCallRegistry, createProtectedResource, type TokenVerifier } from '@mcp-identity/mcp-authorization'
import { toNodeListener } from '@mcp-identity/mcp-authorization/node'
import type { PolicyModel } from '@mcp-identity/policy'
import { openFourEyesStore } from '@mcp-identity/policy/store'
import { createKeycloakAdminClient, type FeedState, isCutOffBy, type Signal } from '@mcp-identity/shared-signals'
import { createAccessTokenVerifier, type VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { Logger } from 'pino'
import { groupsOf, openAccessReviews } from './access-reviews.ts'
import { callerMembers, present } from './audit-events.ts'
import { ownLog } from './audit-logs.ts'
import { createCallPath } from './call-path.ts'
import type { Config } from './config.ts'
import { openCustomerDatabase } from './customers/customer-database.ts'
import { openListener } from './http/listener.ts'
import { createRoutes } from './http/routes.ts'
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
import { agesOf, readinessChecks } from './readiness.ts'
import { createRealmDirectory, type RealmDirectory } from './realm-directory.ts'
import { joinReplicas } from './replicas/join-replicas.ts'
import { contextOf } from './request-context.ts'
import { scopeHierarchy, scopesSupported } from './scopes.ts'
import { createSecurityEvents } from './security-events.ts'
import { openSignals } from './signals.ts'
import { type CompanyTool, createGrants } from './tools/company-tool.ts'
import { customerTools } from './tools/customer-tools.ts'
import { financeAndReportTools } from './tools/finance-and-report-tools.ts'
import { identityAndAuditTools } from './tools/identity-and-audit-tools.ts'
import { openTracing } from './tracing/open-tracing.ts'
import { watchUnreadLogs } from './unread-logs.ts'

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
    onReload: (reload) => {
      metrics.policyReloads.inc({ outcome: reload.outcome })
      securityEvents.policiesReloaded(reload)
    },
    onDifference: (difference) => {
      const { call, live, candidate } = difference
      metrics.shadowDifferences.inc({ tool: call.tool, live: live.outcome, candidate: candidate.outcome })
      securityEvents.shadowDiffers(difference)
    },
    onError: (cause) => logger.error({ err: cause }, 'policies beside those in force'),
  })
  const { engine } = policies
  const issuers = config.issuers.map((issuer) => issuerProfile(issuer, config.development))
  const database = openCustomerDatabase(join(config.dataDirectory, 'customers.db'), {
    reseed: config.developmentReseed,
  })
  const tracing = await openTracing(config.tracing, logger)
  const replicas = await joinReplicas(config.replica)
  const auditTrail = tracing.auditTrail(await openAuditTrail(config.audit, config.dataDirectory, logger, replicas))
  const logs = replicas.logs(ownLog(replicas.name, auditTrail))
  const securityEvents = createSecurityEvents(auditTrail, logger)
  const realm = realmOf(config)
  /** What people decide is kept beside the data, or where all replicas see it. */
  const placeOf = (file: string) => config.sharedStore ?? join(config.dataDirectory, file)
  const reviews = await openAccessReviews({
    evidenceKeyFile: config.evidenceKeyFile,
    place: placeOf('access-reviews.db'),
    catchUpEveryMs: config.sharedStore === undefined ? undefined : 5_000,
    engine,
    auditTrail,
    catchUpOthers: replicas.takeInUse,
    realm,
  })
  const calls = createCallRegistry({
    onEnded: ({ token, kind }, reason) => {
      if (kind === 'stream')
        auditTrail.note(() => ({
          phase: 'security',
          action: 'stream_cut',
          outcome: 'succeeded',
          reason,
          ...callerMembers(token),
        }))
    },
  })
  const signals = openSignals({
    config,
    onSignal: takeIn,
    onState: securityEvents.feedState,
    otherFeeds: (issuer) => receivers?.feedsOf(issuer) ?? [],
  })
  const metrics = createMetrics({
    cutOffs: () => signals.cutOffs,
    feeds: () => agesOf(feeds()),
    openCalls: () => calls.size,
    auditWritable: () => auditTrail.isWritable,
    policiesStale: () => policies.problem !== undefined,
    auditDeliveries: auditTrail.deliveries,
    otherLogs: watchUnreadLogs(logs),
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
    keySets: { onChange: securityEvents.keysRotated },
  })
  const receivers =
    config.transmitters.length === 0
      ? undefined
      : signalReceivers({ config, signals, metrics, onState: securityEvents.feedState, logger })
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
    ...identityAndAuditTools({ logs, grants }),
    ...customerTools({ database, grants }),
    ...financeAndReportTools({ database, grants }),
    ...(added?.tools ?? []),
  ]
  const approvals = await openFourEyesStore(placeOf('approvals.db'))
  const { endpoint, fourEyes } = createCallPath({
    protectedResource,
    serverInfo: { name: 'customer-records', title: 'Customer records', version: '1.0.0' },
    serverOptions: { instructions },
    tools: companyTools,
    grants,
    engine,
    approvals,
    liveCallers,
    cutOffs: signals.cutOffs,
    auditTrail,
    calls,
    metrics,
    tracing,
    logger,
  })

  const probe = probeKeySets(config.issuers)
  const leavers = createLeaverReports({
    realm,
    engine,
    logs,
    cutOffs: signals.cutOffs,
    maxTokenLifetimeSeconds: config.maxTokenLifetimeSeconds,
  })
  let isStopping = false
  const routes = createRoutes({
    protectedResource,
    engine,
    candidate: policies.candidate,
    liveCallers,
    auditTrail,
    logs,
    replicas,
    erasures: auditTrail.erasures,
    calls,
    reviews,
    leavers,
    fourEyes,
    tools: companyTools.map(({ tool }) => tool),
    directory: directoryOf(config),
    issuer: config.issuers[0]?.issuer ?? '',
    allowedOrigins: config.allowedOrigins,
    maxTokenLifetimeSeconds: config.maxTokenLifetimeSeconds,
    metrics: metrics.registry,
    readinessChecks: readinessChecks({
      config,
      isStopping: () => isStopping,
      policiesStale: () => policies.problem !== undefined,
      auditWritable: () => auditTrail.isWritable,
      unreachedIssuers: probe.unreached,
      decisiveFeeds: () => [...signals.feeds(), ...(receivers?.feedsOf() ?? [])],
      feedAges: () => agesOf(feeds()),
    }),
  })
  for (const [path, route] of receivers?.routes ?? []) routes.set(path, route)
  if (config.conformance) {
    const { conformanceRoutes } = await import('./conformance/conformance-endpoint.ts')
    for (const [path, route] of conformanceRoutes(config, verifier)) routes.set(path, route)
  }
  const listener = await openListener({ config, toEndpoint: toNodeListener(endpoint), routes, logger })

  /** The access review is told of roles; calls go on when it cannot keep them. */
  function learnRoles(token: VerifiedAccessToken): void {
    if (signals.cutOffs.permissionsChangedSince(token, groupsOf(token))) return
    reviews.learn(token)?.catch(noteUnwrittenReview)
  }

  function noteUnwrittenReview(error: unknown): void {
    logger.error({ err: error }, 'the access review cannot be written')
  }

  /** A signal that changed something: end what it ends, and put it on record. */
  function takeIn(signal: Signal): void {
    metrics.signals.inc({ kind: signal.kind, cause: signal.kind === 'cut_off' ? signal.cause : '' })
    if (signal.kind === 'cut_off')
      metrics.cutOffDelay.observe({ cause: signal.cause }, Math.max(0, Date.now() / 1000 - signal.notBefore))
    if (signal.kind === 'permissions_changed') reviews.forgetRoles(signal.issuer, signal).catch(noteUnwrittenReview)
    const endedCalls = signal.kind === 'cut_off' ? calls.endWhere((token) => isCutOffBy(token, signal), 'revoked') : 0
    securityEvents.signalTaken(signal, endedCalls)
  }

  /** Everything that tells of access that ended, with how it is. */
  function feeds(): FeedState[] {
    return [...signals.feeds(), ...(receivers?.feeds() ?? [])]
  }

  async function stop(): Promise<void> {
    isStopping = true
    listener.drain()
    if (config.drainMs > 0) await wait(config.drainMs)
    probe.stop()
    await listener.close(endpoint.close)
    await receivers?.close()
    liveCallers.close()
    verifier.close()
    signals.close()
    await auditTrail.close()
    await tracing.close()
    database.close()
    await reviews.close()
    await approvals.close()
    await replicas.close()
    policies.close()
  }

  return {
    port: listener.port,
    applySignals: signals.apply,
    reloadPolicies: policies.reload,
    stop,
  }
}

const instructions =
  'Customer records of the company. Every call is made in the name of the person or service that signed in, is decided by the company’s policies and put on record. A refusal says why; do not try the same call again unless it names a time.'

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
