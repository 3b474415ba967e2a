import { nobody, type Provider as ProviderTable } from '@mcp-identity/provider-dialects'
import {
  type ClientMetadata,
  type Configuration,
  errors,
  interactionPolicy,
  type KoaContextWithOIDC,
  Provider,
} from 'oidc-provider'
import type { Logger } from 'pino'
import { type Dialect, scopesFor } from '../dialect/dialect.ts'
import { wordError, wordRedirect } from '../dialect/refusals.ts'
import { isBeyondGroups, wordAccessToken } from '../dialect/word-tokens.ts'
import type { Directory } from '../directory/directory.ts'
import type { Person } from '../directory/person.ts'
import { describeSamlClient } from '../saml/saml-client.ts'
import { noticePage, signOutPage } from '../sign-in/pages.ts'
import { identityAssertionType, registerIdentityAssertions, tokenExchangeGrant } from './identity-assertion.ts'
import type { Keys } from './keys.ts'
import type { ProviderState } from './provider-state.ts'

export interface ProviderOptions {
  dialect: Dialect
  keys: Keys
  directory: Directory
  providerState: ProviderState
  /** Keycloak, which asks for people to be signed in; absent where this provider is the issuer itself. */
  brokerClient?: { clientId: string; secret: string; redirectUri: string; postLogoutRedirectUri: string }
  /** Whether people sign in over SAML too, on the same page and into the same session. */
  saml: boolean
  /** A client that may exchange ID tokens for identity assertions; absent: none may. */
  enterpriseClient?: { clientId: string; secret: string; audiences: readonly string[] }
  /** Clients that may set up and poll streams of security events; empty: none. */
  signalReceivers: readonly { clientId: string; secret: string }[]
  log: Logger
}

const minute = 60
const hour = 60 * minute

/** Lifetimes, in seconds. A session is a working day; those of tokens are the provider's. */
function lifetimesOf({ provider }: Dialect) {
  return {
    Session: 10 * hour,
    Grant: provider.refresh.lifetimeSeconds,
    Interaction: 15 * minute,
    AuthorizationCode: minute,
    IdToken: provider.idToken.lifetimeSeconds,
    AccessToken: provider.accessToken.lifetimeSeconds,
    ClientCredentials: 5 * minute,
    RefreshToken: provider.refresh.lifetimeSeconds,
  }
}

/**
 * The company's OpenID Provider: oidc-provider with the company's people, pages and state, in a provider's dialect. It
 * signs people in for one client, Keycloak or the MCP client, and asks for no consent: the company's administrator
 * gave it for everybody.
 */
export function createProvider(options: ProviderOptions): Provider {
  const { dialect, keys, directory, providerState, brokerClient, enterpriseClient, signalReceivers, log } = options
  const { provider: table, addresses, api } = dialect
  const { issuer } = addresses
  const configuration: Configuration = {
    adapter: (model) => providerState.adapterOf(model),
    clients: [
      ...(brokerClient === undefined ? [] : [describeBroker(brokerClient)]),
      ...(options.saml ? [describeSamlClient(dialect.origin)] : []),
      ...(api === undefined ? [] : [describeMcpClient(table.clientIds.cli)]),
      ...(enterpriseClient === undefined ? [] : [describeEnterpriseClient(enterpriseClient)]),
      ...signalReceivers.map(describeSignalReceiver),
    ],
    jwks: { keys: [keys.signing, ...keys.retired] },
    scopes: [...knownScopes(dialect), ...(signalReceivers.length === 0 ? [] : Object.values(signalScopes))],
    claims: claimsOfScopes(dialect),
    conformIdTokenClaims: false,
    routes: routesOf(dialect),
    // The provider's own subject takes the place of the directory's in everything that leaves this house.
    subjectTypes: ['pairwise'],
    clientDefaults: { subject_type: 'pairwise' },
    pairwiseIdentifier: (_ctx, subject, client) => {
      const person = directory.findBySubject(subject)
      return person === undefined ? subject : String(table.idToken.claims(person, client.clientId).sub)
    },
    responseTypes: ['code'],
    pkce: { required: () => true },
    cookies: {
      keys: keys.cookies,
      names: { session: 'company_session', interaction: 'company_sign_in', resume: 'company_sign_in_resume' },
      long: { httpOnly: true, sameSite: 'lax', signed: true },
      short: { httpOnly: true, sameSite: 'lax', signed: true },
    },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: addresses.revocation !== undefined },
      resourceIndicators: resourceIndicatorsOf(dialect, directory),
      clientCredentials: { enabled: signalReceivers.length > 0 },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = signOutPage(form)
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = noticePage({ title: 'You are signed out', text: 'You can close this window.' })
        },
      },
    },
    ...(enterpriseClient === undefined
      ? {}
      : { discovery: { identity_chaining_requested_token_types_supported: [identityAssertionType] } }),
    interactions: { policy: signInOnly(), url: (_ctx, { uid }) => `/sign-in/${uid}` },
    ttl: lifetimesOf(dialect),
    formats: { customizers: { jwt: (_ctx, token, jwt) => wordToken(dialect, directory, token, jwt) } },
    issueRefreshToken: (_ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') &&
      (table.refresh.askedBy === 'nothing' || code.scopes.has('offline_access')),
    rotateRefreshToken: table.refresh.rotates,
    findAccount: (ctx, subject) => {
      // Noted before she is looked at: whoever disables her afterwards then knows that Keycloak may just be told of her.
      directory.noteSignIn(subject, Date.now())
      const person = directory.findBySubject(subject)
      if (!person?.active) return undefined
      return {
        accountId: subject,
        claims: () => {
          refuseBeyondGroups(table, person)
          return { ...table.idToken.claims(person, ctx.oidc.client?.clientId ?? ''), sub: subject }
        },
      }
    },
    loadExistingGrant: (ctx) => grantWithoutConsent(ctx, dialect),
    renderError: (ctx, _out, error) => {
      log.warn({ error: error.message, path: ctx.path }, 'sign-in error')
      ctx.type = 'html'
      ctx.body = noticePage({
        title: 'This sign-in could not be completed',
        text: 'The application sent a request that does not fit. Go back to it and try again; if it happens again, tell the service desk.',
      })
    },
  }
  const provider = new Provider(issuer, configuration)
  // Behind a reverse proxy that ends TLS, cookies are secure because the issuer is.
  provider.proxy = issuer.startsWith('https:')
  speakDialect(provider, dialect)
  if (enterpriseClient !== undefined) {
    registerIdentityAssertions(provider, { keys, directory, audiences: enterpriseClient.audiences, log })
  }
  const logError = (event: string) => (_ctx: KoaContextWithOIDC, error: Error) => {
    log.warn({ event, error: error.message }, 'OpenID Provider error')
  }
  provider.on('server_error', logError('server_error'))
  provider.on('authorization.error', logError('authorization.error'))
  provider.on('grant.error', logError('grant.error'))
  provider.on('end_session.error', logError('end_session.error'))
  return provider
}

/** Signs people in on their own machines, and then speaks for them to the authorization servers that it is told. */
function describeEnterpriseClient({
  clientId,
  secret,
}: NonNullable<ProviderOptions['enterpriseClient']>): ClientMetadata {
  return {
    client_id: clientId,
    client_secret: secret,
    client_name: 'Enterprise assistant',
    application_type: 'native',
    redirect_uris: ['http://127.0.0.1/callback'],
    response_types: ['code'],
    grant_types: ['authorization_code', tokenExchangeGrant],
    token_endpoint_auth_method: 'client_secret_basic',
  }
}

/** Scopes of the stream management API (CAEP interoperability profile section 2.7.2). */
export const signalScopes = { manage: 'ssf.manage', read: 'ssf.read' } as const

function describeSignalReceiver({ clientId, secret }: { clientId: string; secret: string }): ClientMetadata {
  return {
    client_id: clientId,
    client_secret: secret,
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
    scope: Object.values(signalScopes).join(' '),
    token_endpoint_auth_method: 'client_secret_basic',
  }
}

function describeBroker({
  clientId,
  secret,
  redirectUri,
  postLogoutRedirectUri,
}: NonNullable<ProviderOptions['brokerClient']>): ClientMetadata {
  return {
    client_id: clientId,
    client_secret: secret,
    client_name: 'Company single sign-on',
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [postLogoutRedirectUri],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'client_secret_basic',
  }
}

/** The MCP client on people's own machines, registered by hand: no provider here lets it register itself. */
function describeMcpClient(clientId: string): ClientMetadata {
  return {
    client_id: clientId,
    client_name: 'MCP client',
    application_type: 'native',
    redirect_uris: ['http://127.0.0.1/callback'],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
  }
}

function knownScopes({ provider }: Dialect): string[] {
  return [...new Set([...provider.scopes.own, ...provider.idToken.scopes])]
}

/** By the book a claim comes with its scope; the other providers put all of theirs into every ID token. */
const claimsByTheBook = {
  openid: ['sub'],
  profile: ['name', 'given_name', 'family_name', 'preferred_username', 'department', 'zoneinfo', 'country'],
  email: ['email', 'email_verified'],
  groups: ['groups'],
}

function claimsOfScopes({ provider }: Dialect): Record<string, string[]> {
  if (provider.name === 'generic') return claimsByTheBook
  return { openid: Object.keys(provider.idToken.claims(nobody, '')) }
}

function routesOf({ provider: { paths } }: Dialect): NonNullable<Configuration['routes']> {
  return {
    authorization: paths.authorization,
    token: paths.token,
    jwks: paths.keys,
    userinfo: paths.userInfo,
    end_session: paths.endSession,
    ...(paths.revocation === undefined ? {} : { revocation: paths.revocation }),
  }
}

/** RFC 8707, as far as the provider follows it. */
function resourceIndicatorsOf(dialect: Dialect, directory: Directory) {
  const { provider, api } = dialect
  if (api === undefined || provider.scopes.asked === 'none') return { enabled: false }
  return {
    enabled: true,
    defaultResource: (_ctx: KoaContextWithOIDC, _client: unknown, oneOf?: string | readonly string[]) =>
      [oneOf].flat()[0] ?? api.resource,
    useGrantedResource: () => true,
    getResourceServerInfo: (ctx: KoaContextWithOIDC, resource: string) => {
      if (provider.resource === 'honoured' && resource !== api.resource) throw new errors.InvalidTarget()
      refuseUnknownScopes(ctx, dialect)
      const subject = ctx.oidc.account?.accountId
      return {
        scope: scopesFor(dialect, subject === undefined ? undefined : directory.findBySubject(subject)).join(' '),
        audience: provider.accessToken.audience(api.resource),
        accessTokenTTL: provider.accessToken.lifetimeSeconds,
        accessTokenFormat: 'jwt' as const,
        jwt: { sign: { alg: 'RS256' as const } },
      }
    },
  }
}

function refuseUnknownScopes(ctx: KoaContextWithOIDC, dialect: Dialect): void {
  if (dialect.provider.scopes.unknown === 'dropped') return
  const known = new Set([...knownScopes(dialect), ...scopesFor(dialect, undefined)])
  const unknown = String(ctx.oidc.params?.scope ?? '')
    .split(' ')
    .find((scope) => scope !== '' && !known.has(scope))
  if (unknown !== undefined) throw new errors.InvalidScope(dialect.provider.refusals.unknownScope, unknown)
}

interface IssuedAccessToken {
  accountId?: string | undefined
  clientId?: string | undefined
  grantId?: string | undefined
  jti?: string | undefined
}

function wordToken(
  dialect: Dialect,
  directory: Directory,
  token: IssuedAccessToken,
  jwt: { header?: unknown; payload: object },
): void {
  const { iat = 0, exp = 0, scope = '' } = jwt.payload as { iat?: number; exp?: number; scope?: string }
  const person = directory.findBySubject(token.accountId ?? '')
  if (!person?.active) throw new errors.InvalidGrant('the person is not, or no longer, active')
  refuseBeyondGroups(dialect.provider, person)
  const { header, claims } = wordAccessToken(dialect, person, {
    clientId: token.clientId ?? '',
    tokenId: token.jti ?? '',
    grantId: token.grantId ?? '',
    scope,
    issuedAt: iat,
    expiresAt: exp,
  })
  jwt.header = header
  jwt.payload = claims
}

/** @throws {InvalidRequest} She is in more groups than this provider's tokens carry. */
function refuseBeyondGroups(provider: ProviderTable, person: Person): void {
  if (isBeyondGroups(provider, person)) throw new errors.InvalidRequest('too many groups match the groups claim')
}

/** Words what the OpenID Provider says by the book as this provider says it. */
function speakDialect(provider: Provider, dialect: Dialect): void {
  const { name, accessToken } = dialect.provider
  if (name === 'generic') return
  const { prefix } = accessToken
  if (prefix !== undefined) {
    const { prototype } = provider.AccessToken as unknown as { prototype: { generateTokenId(): string } }
    const generate = prototype.generateTokenId
    prototype.generateTokenId = function (this: unknown) {
      return `${prefix}${generate.call(this)}`
    }
  }
  provider.use(async (ctx, next) => {
    await next()
    const now = new Date()
    const location: string | undefined = ctx.response.get('location')
    if (location) ctx.set('location', wordRedirect(dialect, location, now))
    const body = ctx.body as { error?: unknown } | undefined
    if (ctx.status < 400 || typeof body !== 'object' || typeof body?.error !== 'string') return
    const grantType = (ctx as KoaContextWithOIDC).oidc?.params?.grant_type
    ctx.body = wordError(dialect, body as { error: string }, grantType as string | undefined, now)
  })
}

/** People sign in and are not asked anything else: all clients belong to the company, and each has a secret. */
function signInOnly() {
  const policy = interactionPolicy.base()
  policy.get('consent')?.checks.remove('native_client_prompt')
  return policy
}

async function grantWithoutConsent(ctx: KoaContextWithOIDC, dialect: Dialect) {
  const { provider, client, session } = ctx.oidc
  if (client === undefined || session?.accountId === undefined) return undefined
  const known = session.grantIdFor(client.clientId)
  if (known !== undefined) {
    const grant = await provider.Grant.find(known)
    if (grant !== undefined) return grant
  }
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
  grant.addOIDCScope(knownScopes(dialect).join(' '))
  for (const resource of Object.keys(ctx.oidc.resourceServers ?? {})) {
    grant.addResourceScope(resource, scopesFor(dialect, undefined).join(' '))
  }
  await grant.save()
  return grant
}
