import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { nobody, samlAddresses } from '@mcp-identity/provider-dialects'
import { companyGroups, developmentPeople } from '@mcp-identity/sample-company'
import { createAccessTokenVerifier, keycloak as keycloakIssuer } from '@mcp-identity/token-verifier'
import type { Logger } from 'pino'
import { createAdminApi } from './admin/admin-api.ts'
import { createAdminAuthentication } from './admin/authenticate-admin.ts'
import type { CorporateIdpConfig } from './config.ts'
import { openDatabase } from './database.ts'
import { createDialect } from './dialect/dialect.ts'
import { describeProvider } from './dialect/metadata.ts'
import { createTokenInfo } from './dialect/token-info.ts'
import { createDirectory, type Directory } from './directory/directory.ts'
import type { PasswordCost } from './directory/password.ts'
import { fullName } from './directory/person.ts'
import { serveAsset } from './http/assets.ts'
import { sendJson, sendProblem } from './http/messages.ts'
import { toNodeHandler } from './http/node-handler.ts'
import { setSecurityHeaders } from './http/security-headers.ts'
import { createPeopleChanges } from './people-changes.ts'
import { loadKeys, rotateKeys } from './provider/keys.ts'
import { createProvider } from './provider/provider.ts'
import { createProviderState } from './provider/provider-state.ts'
import { createReconciliation } from './reconciliation.ts'
import type { PublishedAccount } from './sign-in/pages.ts'
import { createSignInRoutes } from './sign-in/sign-in-routes.ts'
import { createDispatcher, scheduleTimer } from './signals/dispatcher.ts'
import { createKeycloak, createLogoutTokenSender, type Keycloak } from './signals/keycloak.ts'
import { createLogoutTokens } from './signals/logout-token.ts'
import { createOutbox } from './signals/outbox.ts'
import { kindsToldBy, kindsWithoutProvisioning } from './signals/plan-signals.ts'
import { createProvisioner } from './signals/provision.ts'
import { startRehearsal } from './signals/rehearsal.ts'
import { createResourceServer } from './signals/resource-server.ts'
import { createSecurityEvents } from './signals/security-events.ts'
import type { SignalKind } from './signals/signal.ts'
import { createSenders, type LogoutOutcome } from './signals/signal-senders.ts'
import { withoutKeycloak } from './without-keycloak.ts'

export interface StartOptions {
  /** Cost of new password hashes; tests make it small. */
  passwordCost?: PasswordCost
}

export interface CorporateIdp {
  /** The port it listens on. */
  port: number
  /** As in its ID tokens. */
  issuer: string
  /** Stops taking requests, lets running ones and signals end, closes the database. */
  stop(): Promise<void>
}

const cleanUpEveryMs = 60_000

/**
 * Starts the corporate IdP: directory, sign-in, admin API and the signals that were still to be sent.
 *
 * @throws {Error} The directory holds published passwords outside development, the keys are damaged, or the port is taken.
 */
export async function startCorporateIdp(
  config: CorporateIdpConfig,
  log: Logger,
  { passwordCost }: StartOptions = {},
): Promise<CorporateIdp> {
  const { dataDir, development } = config
  const dialect = createDialect(config.provider, config.issuer, config.api)
  const { issuer } = dialect.addresses
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const database = openDatabase(join(dataDir, 'corporate-idp.sqlite'))
  const directory = createDirectory(database, passwordCost)
  await prepareDirectory(directory, development)
  const providerState = createProviderState(database)
  const outbox = createOutbox(database)
  const broker = `${config.keycloak?.issuer}/broker/${config.keycloak?.alias}/endpoint`
  let keys = await loadKeys(dataDir)
  let openIdProvider = makeProvider()
  let handleProvider = openIdProvider.callback()

  function makeProvider() {
    return createProvider({
      dialect,
      keys,
      directory,
      providerState,
      ...(config.keycloak?.protocol !== 'oidc'
        ? {}
        : {
            brokerClient: {
              ...config.keycloak.brokerClient,
              redirectUri: broker,
              postLogoutRedirectUri: `${broker}/logout_response`,
            },
          }),
      saml: config.keycloak?.protocol === 'saml',
      ...(config.enterpriseClient === undefined || config.keycloak === undefined
        ? {}
        : { enterpriseClient: { ...config.enterpriseClient, audiences: [config.keycloak.issuer] } }),
      signalReceivers: config.signalReceivers,
      log,
    })
  }

  /** The state is in the database: a provider with another key goes on where the one before it was. */
  async function changeSigningKey(): Promise<string> {
    keys = await rotateKeys(dataDir, keys)
    openIdProvider = makeProvider()
    handleProvider = openIdProvider.callback()
    return keys.signing.kid
  }

  const securityEvents = createSecurityEvents({
    issuer,
    signingKey: () => keys.signing,
    database,
    provider: () => openIdProvider,
    receivers: config.signalReceivers,
    log,
  })
  const handleSecurityEvents = toNodeHandler(issuer, securityEvents.handle)

  /** Whom a resource server and Keycloak know a person as: the subject of the tokens that they get. */
  function subjectFor(subject: string): string {
    const { idToken, accessToken } = config.provider
    const person = { ...nobody, subject }
    return config.keycloak === undefined
      ? accessToken.subject(person)
      : String(idToken.claims(person, config.keycloak.brokerClient.clientId).sub)
  }

  /** Keycloak knows this IdP by its ID tokens, a resource server by its access tokens. */
  const logoutIssuer = config.keycloak === undefined ? dialect.addresses.accessTokenIssuer : issuer

  const makeLogoutTokens = (audience: string) => async (subject: string, happenedAtMs?: number) => {
    const make = await createLogoutTokens({ issuer: logoutIssuer, audience, key: keys.signing })
    return make(subjectFor(subject), happenedAtMs)
  }
  const alias = config.keycloak?.alias ?? ''
  const keycloak = keycloakOf(config)
  const provisioner = createProvisioner({ keycloak, alias, brokeredSubject: subjectFor })
  const reconcile = createReconciliation({
    directory,
    keycloak,
    alias,
    brokeredSubject: subjectFor,
    provision: provisioner.provision,
  })
  const makeLogoutToken = makeLogoutTokens(config.keycloak?.brokerClient.clientId ?? issuer)
  const resourceServers = config.resourceServers.map(({ logoutUri, audience }) =>
    createResourceServer({ logoutUri, makeLogoutToken: makeLogoutTokens(audience) }),
  )
  // Loaded where it is used: reading XML and X.509 makes the start longer.
  const saml =
    config.keycloak?.protocol === 'saml'
      ? (await import('./saml/saml.ts')).createSaml({
          origin: config.issuer,
          addresses: samlAddresses(config.issuer),
          authorizationPath: config.provider.paths.authorization,
          provider: () => openIdProvider,
          providerState,
          directory,
          currentKeys: () => keys,
          keycloak: config.keycloak,
          nameIdOf: subjectFor,
          log,
        })
      : undefined

  /** By the protocol that brought the sessions there. */
  async function endBrokeredSessions(subject: string): Promise<LogoutOutcome> {
    if (saml === undefined) return keycloak.sendLogoutToken(await makeLogoutToken(subject))
    return saml.endBrokeredSessions(subjectFor(subject))
  }

  const send = createSenders({ directory, keycloak, endBrokeredSessions, provisioner, alias, resourceServers })
  const dispatcher = createDispatcher({ outbox, log, send })
  const verifier = adminTokenVerifier(config, log)
  const { developmentSecret } = config.admin
  const adminApi = createAdminApi({
    authenticate: createAdminAuthentication({
      ...(verifier === undefined ? {} : { verifier }),
      directory,
      ...(developmentSecret === undefined ? {} : { developmentSecret }),
    }),
    directory,
    outbox,
    peopleChanges: createPeopleChanges({
      database,
      directory,
      providerState,
      outbox,
      dispatcher,
      securityEvents,
      told: told(config),
    }),
    allowedOrigins: config.admin.allowedOrigins,
    changeSigningKey,
    ...(config.keycloak?.provisioner !== undefined && { reconcile }),
    log,
  })
  const tokenInfo = createTokenInfo(dialect, () => openIdProvider, directory)
  const signInRoutes = createSignInRoutes({
    provider: () => openIdProvider,
    directory,
    disabledText: config.provider.refusals.disabledAtSignIn,
    formKey: keys.cookies[0] ?? '',
    log,
    ...(development ? { publishedAccounts: publishedAccounts() } : {}),
  })
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    logWhenAnswered(request, response, path, log)
    setSecurityHeaders(response, issuer.startsWith('https:'))
    try {
      if (path === '/healthz')
        sendJson(response, 200, { status: 'ok', pendingSignals: outbox.countPending() + securityEvents.countPending() })
      else if (serveAsset(request, response, path)) return
      else if (await signInRoutes(request, response, path)) return
      else if (await saml?.routes(request, response, path)) return
      else if (await adminApi(request, response, path)) return
      else if (config.provider.name === 'generic' && (await handleSecurityEvents(request, response))) return
      else if (await tokenInfo(request, response, path)) return
      else if (request.method === 'GET' && serveMetadata(request, response, path)) return
      else await handleProvider(request, response)
    } catch (error) {
      log.error({ err: error, path }, 'request failed')
      if (!response.headersSent) sendProblem(response, 500, 'Something went wrong here')
      else response.destroy()
    }
  }

  /** By the book there are two addresses for one document; the other providers have a document of their own. */
  function serveMetadata(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    const isMetadata = config.provider.paths.metadata.includes(path)
    if (config.provider.name === 'generic') {
      if (isMetadata) request.url = '/.well-known/openid-configuration'
      return false
    }
    if (isMetadata) sendJson(response, 200, describeProvider(dialect))
    else if (/^\/\.well-known\/(openid-configuration|oauth-authorization-server)/.test(path))
      sendProblem(response, 404, 'There is nothing here')
    else return false
    return true
  }

  const server = createServer((request, response) => void handle(request, response))
  const port = await listen(server, config)
  const cleanUp = setInterval(() => providerState.removeExpired(), cleanUpEveryMs)
  const endRehearsal = startRehearsal({ keycloak, endBrokeredSessions, resourceServers, log, schedule: scheduleTimer })
  dispatcher.kick()
  securityEvents.kick()
  return {
    port,
    issuer,
    async stop() {
      clearInterval(cleanUp)
      endRehearsal()
      await securityEvents.stop()
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeIdleConnections()
      })
      await dispatcher.stop()
      verifier?.close()
      database.close()
    },
  }
}

/** A provider's own signals reach the Keycloak that brokers it; to a resource server behind a token it tells nothing. */
function told({ provider, keycloak }: CorporateIdpConfig): ReadonlySet<SignalKind> {
  if (keycloak === undefined && provider.name !== 'generic') return new Set()
  const kinds = kindsToldBy(provider)
  if (keycloak === undefined || keycloak.provisioner !== undefined) return kinds
  return new Set([...kinds].filter((kind) => kindsWithoutProvisioning.has(kind)))
}

function keycloakOf({ keycloak, provider }: CorporateIdpConfig): Keycloak {
  if (keycloak === undefined) return withoutKeycloak
  const { provisioner } = keycloak
  if (provisioner === undefined) return { ...withoutKeycloak, sendLogoutToken: createLogoutTokenSender(keycloak) }
  return createKeycloak({ ...keycloak, provisioner, ...(provider.scim && { wording: provider.scim }) })
}

async function prepareDirectory(directory: Directory, development: boolean): Promise<void> {
  if (development) {
    await directory.seed(companyGroups, developmentPeople)
    return
  }
  const published = directory.publishedPasswords()
  if (published.length > 0) {
    throw new Error(
      `The directory holds accounts with published passwords (${published.join(', ')}). ` +
        'Start with an empty data folder, or set IDP_DEVELOPMENT=1 on a machine that nobody else can reach.',
    )
  }
  await directory.seed(companyGroups, [])
}

function publishedAccounts(): PublishedAccount[] {
  return developmentPeople.map((person) => ({
    username: person.username,
    password: person.password,
    description: `${fullName(person)}, ${person.department}`,
  }))
}

/** Directory administrators sign in at Keycloak; without it only the development secret opens the admin API. */
function adminTokenVerifier({ keycloak, admin, development }: CorporateIdpConfig, log: Logger) {
  if (keycloak === undefined) return undefined
  const realmUrl = `${keycloak.url}${new URL(keycloak.issuer).pathname}`
  return createAccessTokenVerifier({
    resource: admin.resource,
    onWarning: (warning) => log.warn(warning),
    issuers: [
      keycloakIssuer({
        issuer: keycloak.issuer,
        audience: admin.resource,
        jwksUri: `${realmUrl}/protocol/openid-connect/certs`,
        dangerouslyAllowInsecureHttp: development,
      }),
    ],
  })
}

/** One line for each answer. Queries, bodies, headers and cookies are never written: they hold codes and secrets. */
function logWhenAnswered(request: IncomingMessage, response: ServerResponse, path: string, log: Logger): void {
  const startedAt = performance.now()
  const requestId = randomUUID()
  response.setHeader('x-request-id', requestId)
  response.once('close', () => {
    if (path === '/healthz') return
    const shown = path.replace(/\/(sign-in|auth|authorize)\/[\w-]+/, '/$1/…')
    const ms = Math.round(performance.now() - startedAt)
    log.info(
      { request_id: requestId, method: request.method, path: shown, status: response.statusCode, ms },
      'answered',
    )
  })
}

function listen(server: Server, { port, host }: Pick<CorporateIdpConfig, 'port' | 'host'>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE'
      reject(isTaken ? new Error(`Port ${port} is taken by another program; set IDP_PORT to a free one.`) : error)
    })
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}
