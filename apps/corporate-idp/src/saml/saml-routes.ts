import type { IncomingMessage, ServerResponse } from 'node:http'
import { type SamlAddresses, samlAttributesOf } from '@mcp-identity/provider-dialects'
import type { Provider } from 'oidc-provider'
import type { Logger } from 'pino'
import type { Directory } from '../directory/directory.ts'
import { RequestError, readBody, sendHtml, sendXml } from '../http/messages.ts'
import { allowOwnScript } from '../http/security-headers.ts'
import type { ProviderState } from '../provider/provider-state.ts'
import { carryOnPage, noticePage } from '../sign-in/pages.ts'
import type { SamlKey } from './certificate.ts'
import { buildErrorResponse, buildLogoutResponse, buildResponse, type Envelope } from './messages.ts'
import { buildMetadata } from './metadata.ts'
import type { Status } from './names.ts'
import { createPendingRequests } from './pending-requests.ts'
import {
  type AuthnRequest,
  type ReceivedMessage,
  type ReceiveOptions,
  receiveAuthnRequest,
  receiveLogoutRequest,
} from './requests.ts'
import { continuePath, samlClientId } from './saml-client.ts'
import { SamlError, ServiceProviderUnavailableError } from './saml-error.ts'
import { createSamlSessions } from './saml-sessions.ts'
import type { RegisteredServiceProvider } from './service-provider.ts'

export interface SamlOptions {
  origin: string
  addresses: SamlAddresses
  /** Path of the authorization endpoint of the OpenID Provider. */
  authorizationPath: string
  /** The OpenID Provider of now: a new one takes over when the signing key changes. */
  provider: () => Provider
  providerState: ProviderState
  directory: Directory
  /** Every key that is published, the one that signs first. */
  keys: () => Promise<readonly [SamlKey, ...SamlKey[]]>
  serviceProvider: RegisteredServiceProvider
  /** The persistent NameID of a person. @param subject In the directory. */
  nameIdOf: (subject: string) => string
  log: Logger
}

/**
 * SAML 2.0 for the one service provider, Keycloak: metadata, the Web Browser SSO profile (AuthnRequest by redirect or
 * POST, response by POST) and single logout that the service provider starts (SAML Profiles 4.1 and 4.4).
 *
 * Whoever has to sign in does so at the OpenID Provider, as for every other application.
 */
export function createSamlRoutes(options: SamlOptions) {
  const { origin, addresses, authorizationPath, provider, providerState, directory, keys, serviceProvider } = options
  const { nameIdOf, log } = options
  const pendingRequests = createPendingRequests(providerState)
  const sessions = createSamlSessions(providerState, provider)
  const secure = origin.startsWith('https:') ? '; Secure' : ''

  async function signOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const authnRequest = await receiveAuthnRequest(await readMessage(request), receivedAt(addresses.singleSignOn))
    if (!authnRequest.hasNameIdFormat) return refuse(response, authnRequest, 'invalidNameIdPolicy')
    const { id, codeVerifier, codeChallenge } = await pendingRequests.add(authnRequest)
    const prompt = authnRequest.isPassive ? 'none' : authnRequest.forceAuthn ? 'login' : undefined
    const query = new URLSearchParams({
      client_id: samlClientId,
      response_type: 'code',
      redirect_uri: `${origin}${continuePath}`,
      scope: 'openid',
      state: id,
      code_challenge: codeChallenge,
      code_challenge_method: 'S256',
      ...(prompt === undefined ? {} : { prompt }),
    })
    response.setHeader('set-cookie', cookie(id, codeVerifier, 15 * 60))
    response.writeHead(303, { location: `${authorizationPath}?${query}` }).end()
  }

  /** The browser comes back from the OpenID Provider, with a code if somebody is signed in. */
  async function carryOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query = new URL(request.url ?? '/', origin).searchParams
    const id = query.get('state') ?? ''
    const codeVerifier = readCookie(request, id)
    const pending = codeVerifier === undefined ? undefined : await pendingRequests.take(id, codeVerifier)
    if (pending === undefined) throw new SamlError('no sign-in of this browser is waiting')
    response.setHeader('set-cookie', cookie(id, '', 0))
    const error = query.get('error')
    if (error !== null) return refuse(response, pending.request, passiveErrors.has(error) ? 'noPassive' : 'authnFailed')
    const code = await redeem(query.get('code') ?? '', pending.codeChallenge)
    const person = code && directory.findBySubject(code.accountId)
    if (code === undefined || !person?.active) return refuse(response, pending.request, 'authnFailed')
    // Noted before the assertion is out: whoever disables her afterwards then knows that Keycloak may just be told of her.
    directory.noteSignIn(person.subject, Date.now())
    const { entityId: audience } = serviceProvider
    const subject = {
      nameId: nameIdOf(person.subject),
      audience,
      sessionIndex: await sessions.open(code.sessionUid, person.subject, audience),
      authenticatedAt: code.authenticatedAt,
      attributes: samlAttributesOf(person),
    }
    log.info({ username: person.username, audience }, 'assertion issued')
    const envelope = await envelopeFor(pending.request.id, pending.request.assertionConsumerService)
    send(response, envelope.destination, buildResponse(envelope, subject), pending.request.relayState)
  }

  /** Takes the code of the sign-in, once, if it is for this request. */
  async function redeem(value: string, codeChallenge: string) {
    const code = await provider().AuthorizationCode.find(value)
    if (code === undefined || !code.isValid || code.clientId !== samlClientId) return undefined
    if (code.codeChallenge !== codeChallenge) return undefined
    await code.destroy()
    const { accountId = '', sessionUid = '', authTime = Math.floor(Date.now() / 1000) } = code
    return { accountId, sessionUid, authenticatedAt: authTime }
  }

  async function refuse(response: ServerResponse, request: AuthnRequest, status: Exclude<Status, 'success'>) {
    log.info({ status }, 'nobody was signed in')
    const envelope = await envelopeFor(request.id, request.assertionConsumerService)
    send(response, envelope.destination, buildErrorResponse(envelope, status), request.relayState)
  }

  async function logOut(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const logoutRequest = await receiveLogoutRequest(await readMessage(request), receivedAt(addresses.singleLogout))
    const { singleLogoutService } = await serviceProvider.read()
    if (singleLogoutService === undefined) throw new SamlError('the service provider takes no LogoutResponse')
    const isTheirs = (subject: string) => nameIdOf(subject) === logoutRequest.nameId
    const ended = await Promise.all(logoutRequest.sessionIndexes.map((index) => sessions.end(index, isTheirs)))
    log.info({ sessions: ended.filter(Boolean).length }, 'single logout')
    const envelope = await envelopeFor(logoutRequest.id, singleLogoutService)
    send(response, envelope.destination, buildLogoutResponse(envelope), logoutRequest.relayState)
  }

  function receivedAt(destination: string): ReceiveOptions {
    return { serviceProvider, destination }
  }

  async function envelopeFor(inResponseTo: string, destination: string): Promise<Envelope> {
    const [key] = await keys()
    return { issuer: addresses.entityId, destination, inResponseTo, key, atMs: Date.now() }
  }

  function cookie(id: string, value: string, maxAgeSeconds: number): string {
    return `${cookieName(id)}=${value}; Path=/saml/sso; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`
  }

  const handlers: Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void>> = {
    [new URL(addresses.singleSignOn).pathname]: signOn,
    [new URL(addresses.singleLogout).pathname]: logOut,
    [continuePath]: carryOn,
    [new URL(addresses.entityId).pathname]: async (_request, response) =>
      sendXml(response, 'application/samlmetadata+xml', buildMetadata(addresses, await keys())),
  }

  /** @returns Whether the path belongs to SAML. */
  return async (request: IncomingMessage, response: ServerResponse, path: string): Promise<boolean> => {
    const handler = handlers[path]
    if (handler === undefined) return false
    try {
      await handler(request, response)
    } catch (error) {
      showError(response, error)
    }
    return true
  }

  function showError(response: ServerResponse, error: unknown): void {
    const text = 'Go back to the application and sign in from there.'
    if (error instanceof SamlError) {
      log.warn({ problem: error.message }, 'SAML message refused')
      sendHtml(response, 400, noticePage({ title: 'This sign-in could not be completed', text }))
    } else if (error instanceof ServiceProviderUnavailableError) {
      log.error({ problem: error.message, cause: String(error.cause) }, 'service provider unavailable')
      sendHtml(
        response,
        503,
        noticePage({ title: 'The application cannot be reached', text: 'Try again in a moment.' }),
      )
    } else if (error instanceof RequestError) {
      sendHtml(response, error.status, noticePage({ title: 'This did not work', text: error.message }))
    } else throw error
  }
}

/** What an OpenID Provider answers where it would have had to show a page (OpenID Connect Core 3.1.2.6). */
const passiveErrors = new Set(['login_required', 'interaction_required', 'consent_required'])

async function readMessage(request: IncomingMessage): Promise<ReceivedMessage> {
  const [, query = ''] = (request.url ?? '').split('?', 2)
  if (request.method === 'GET') return { binding: 'redirect', query }
  if (request.method !== 'POST') throw new RequestError(405, 'This page can only be opened from an application.')
  const body = await readBody(request, ['application/x-www-form-urlencoded'])
  return { binding: 'post', form: new URLSearchParams(body) }
}

/** Sends the browser on with a message in a form (SAML Bindings 3.5). */
function send(response: ServerResponse, action: string, message: string, relayState: string | undefined): void {
  const fields = {
    SAMLResponse: Buffer.from(message).toString('base64'),
    ...(relayState === undefined ? {} : { RelayState: relayState }),
  }
  allowOwnScript(response)
  sendHtml(response, 200, carryOnPage(action, fields))
}

/** One for each request: somebody may be at two sign-in pages at a time. */
function cookieName(id: string): string {
  return `company_saml_${id}`
}

function readCookie(request: IncomingMessage, id: string): string | undefined {
  if (!/^[\w-]{1,64}$/.test(id)) return undefined
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const found = pairs.find((pair) => pair.startsWith(`${cookieName(id)}=`))
  return found?.slice(cookieName(id).length + 1)
}
