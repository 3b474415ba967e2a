import {
  type ClientMetadata,
  type Configuration,
  interactionPolicy,
  type KoaContextWithOIDC,
  Provider,
} from 'oidc-provider'
import type { Logger } from 'pino'
import type { Directory } from '../directory/directory.ts'
import { fullName, type Person } from '../directory/person.ts'
import { noticePage, signOutPage } from '../sign-in/pages.ts'
import { identityAssertionType, registerIdentityAssertions, tokenExchangeGrant } from './identity-assertion.ts'
import type { Keys } from './keys.ts'
import type { ProviderState } from './provider-state.ts'

export interface ProviderOptions {
  issuer: string
  keys: Keys
  directory: Directory
  providerState: ProviderState
  /** Keycloak, which asks for people to be signed in. */
  brokerClient: { clientId: string; secret: string; redirectUri: string; postLogoutRedirectUri: string }
  /** A client that may exchange ID tokens for identity assertions; absent: none may. */
  enterpriseClient?: { clientId: string; secret: string; audiences: readonly string[] }
  /** Clients that may set up and poll streams of security events; empty: none. */
  signalReceivers: readonly { clientId: string; secret: string }[]
  log: Logger
}

const minute = 60
const hour = 60 * minute

/** Lifetimes, in seconds. A session is a working day; what passes between servers is short. */
const lifetimes = {
  Session: 10 * hour,
  Grant: 10 * hour,
  Interaction: 15 * minute,
  AuthorizationCode: minute,
  IdToken: 5 * minute,
  AccessToken: 5 * minute,
  ClientCredentials: 5 * minute,
}

/** Scope → claims about the person. They stand in the ID token, so that one request is enough. */
const claims = {
  openid: ['sub'],
  profile: ['name', 'given_name', 'family_name', 'preferred_username', 'department', 'zoneinfo', 'country'],
  email: ['email', 'email_verified'],
  groups: ['groups'],
}

/**
 * The company's OpenID Provider: oidc-provider with the company's people, pages and state. It signs people in for one
 * client, Keycloak, and asks for no consent, since Keycloak belongs to the company too.
 */
export function createProvider(options: ProviderOptions): Provider {
  const { issuer, keys, directory, providerState, brokerClient, enterpriseClient, signalReceivers, log } = options
  const configuration: Configuration = {
    adapter: (model) => providerState.adapterOf(model),
    clients: [
      {
        client_id: brokerClient.clientId,
        client_secret: brokerClient.secret,
        client_name: 'Company single sign-on',
        redirect_uris: [brokerClient.redirectUri],
        post_logout_redirect_uris: [brokerClient.postLogoutRedirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
      ...(enterpriseClient === undefined ? [] : [describeEnterpriseClient(enterpriseClient)]),
      ...signalReceivers.map(describeSignalReceiver),
    ],
    jwks: { keys: [keys.signing] },
    scopes: [...Object.keys(claims), ...(signalReceivers.length === 0 ? [] : Object.values(signalScopes))],
    claims,
    conformIdTokenClaims: false,
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
      resourceIndicators: { enabled: false },
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
    ttl: lifetimes,
    findAccount: (_ctx, subject) => {
      // Noted before she is looked at: whoever disables her afterwards then knows that Keycloak may just be told of her.
      directory.noteSignIn(subject, Date.now())
      const person = directory.findBySubject(subject)
      return person?.active ? { accountId: subject, claims: () => personClaims(person) } : undefined
    },
    loadExistingGrant: grantWithoutConsent,
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

/** People sign in and are not asked anything else: all clients belong to the company, and each has a secret. */
function signInOnly() {
  const policy = interactionPolicy.base()
  policy.get('consent')?.checks.remove('native_client_prompt')
  return policy
}

async function grantWithoutConsent(ctx: KoaContextWithOIDC) {
  const { provider, client, session } = ctx.oidc
  if (client === undefined || session?.accountId === undefined) return undefined
  const known = session.grantIdFor(client.clientId)
  if (known !== undefined) {
    const grant = await provider.Grant.find(known)
    if (grant !== undefined) return grant
  }
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
  grant.addOIDCScope(Object.keys(claims).join(' '))
  await grant.save()
  return grant
}

function personClaims(person: Person) {
  return {
    sub: person.subject,
    name: fullName(person),
    given_name: person.givenName,
    family_name: person.familyName,
    preferred_username: person.username,
    email: person.email,
    email_verified: true,
    department: person.department,
    zoneinfo: person.zoneinfo,
    country: person.country,
    groups: person.groups,
  }
}
