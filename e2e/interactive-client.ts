import { createHash, randomBytes } from 'node:crypto'
import type { StackFile } from '@mcp-identity/local-stack'
import { CookieJar } from 'tough-cookie'

/** What a client asks for when somebody signs in to it. */
export interface AuthorizationRequest {
  clientId: string
  redirectUri: string
  scope: string
  /** `false` leaves it out. Default: the MCP server. */
  resource?: string | false
  /** `false` sends no code challenge. Default true. */
  pkce?: boolean
  /** The identity provider of the realm that signs her in. Default: the company's own. */
  idpHint?: string
  /** The person's browser; the same one again finds her signed in. */
  browser?: Browser
}

export type SignInOutcome =
  | { outcome: 'signed in'; tokens: TokenAnswer; browser: Browser }
  | { outcome: 'refused'; error: string; description: string }
  | { outcome: 'page'; status: number; text: string }

export interface TokenAnswer {
  access_token: string
  refresh_token: string
  refresh_expires_in: number
  expires_in: number
  scope: string
}

export interface OAuthError {
  error: string
  error_description?: string
}

export type Browser = ReturnType<typeof createBrowser>

const mostPages = 4

/**
 * Signs somebody in to a client with a browser without a screen: authorization code with PKCE, the sign-in page of the
 * company, the consent page of Keycloak if there is one, and the code redeemed.
 */
export async function signIn(
  stack: StackFile,
  username: string,
  request: AuthorizationRequest,
): Promise<SignInOutcome> {
  const { clientId, redirectUri, scope, pkce = true, browser = createBrowser() } = request
  const resource = request.resource ?? stack.urls.mcp
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    state: 'state',
    ...(pkce ? { code_challenge: challenge, code_challenge_method: 'S256' } : {}),
    ...(resource === false ? {} : { resource }),
    ...(request.idpHint === undefined ? {} : { kc_idp_hint: request.idpHint }),
  })
  const page = await browser.open(`${stack.urls.issuer}/protocol/openid-connect/auth?${query}`, redirectUri, {
    username,
    password: stack.accounts.find((account) => account.username === username)?.password ?? '',
  })
  if (page.arrivedAt === undefined) return { outcome: 'page', status: page.status, text: page.text }
  const answer = page.arrivedAt.searchParams
  const error = answer.get('error')
  if (error !== null) return { outcome: 'refused', error, description: answer.get('error_description') ?? '' }
  const { status, body } = await requestToken(stack, {
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code: answer.get('code') ?? '',
    code_verifier: verifier,
    ...(resource === false ? {} : { resource }),
  })
  if (status === 200) return { outcome: 'signed in', tokens: body as TokenAnswer, browser }
  const refused = body as OAuthError
  return { outcome: 'refused', error: refused.error, description: refused.error_description ?? '' }
}

/** Signs in and expects tokens. */
export async function tokensOf(stack: StackFile, username: string, request: AuthorizationRequest) {
  const outcome = await signIn(stack, username, request)
  if (outcome.outcome === 'signed in') return outcome
  throw new Error(`${username} was not signed in: ${JSON.stringify(outcome).slice(0, 300)}`)
}

/** One request to the token endpoint. */
export async function requestToken(stack: StackFile, parameters: Record<string, string>) {
  const response = await fetch(`${stack.urls.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams(parameters),
  })
  return { status: response.status, body: (await response.json()) as TokenAnswer | OAuthError }
}

/** The claims of a token. Nothing is verified: the MCP server does that. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

/** A browser without a screen: keeps cookies, follows redirects, signs in and consents. */
export function createBrowser() {
  const jar = new CookieJar(undefined, { looseMode: true, allowSpecialUseDomain: true, rejectPublicSuffixes: false })

  async function load(url: string, init: RequestInit = {}): Promise<Response> {
    const cookie = await jar.getCookieString(url)
    const headers = { ...(init.headers as Record<string, string>), ...(cookie === '' ? {} : { cookie }) }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) await jar.setCookie(line, url, { ignoreError: true })
    return response
  }

  /** Follows redirects to a page, or to the client. */
  async function follow(url: string, redirectUri: string, init?: RequestInit) {
    let response = await load(url, init)
    let location = url
    for (let next = response.headers.get('location'); next !== null; next = response.headers.get('location')) {
      location = new URL(next, location).href
      if (location.startsWith(redirectUri))
        return { arrivedAt: new URL(location), status: response.status, text: '', url }
      response = await load(location)
    }
    return { arrivedAt: undefined, status: response.status, text: await response.text(), url: location }
  }

  return {
    follow,
    /** Sends a form and follows where it leads. */
    post: (url: string, redirectUri: string, fields: URLSearchParams) =>
      follow(url, redirectUri, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: fields.toString(),
      }),
    async open(url: string, redirectUri: string, person: { username: string; password: string }) {
      let page = await follow(url, redirectUri)
      for (let pages = 0; page.arrivedAt === undefined && pages < mostPages; pages += 1) {
        const form = fillIn(page.text, person)
        if (form === undefined || (page.status >= 400 && pages > 0)) break
        page = await follow(new URL(form.action, page.url).href, redirectUri, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(page.url).origin },
          body: form.fields.toString(),
        })
      }
      return page
    },
  }
}

/** The sign-in page of the company or the consent page of Keycloak, filled in; any other page leads nowhere. */
export function fillIn(text: string, person: { username: string; password: string }) {
  const [, action, inside] = /<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/.exec(text) ?? []
  if (action === undefined || inside === undefined) return undefined
  const hidden = [...inside.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => [
    /name="([^"]*)"/.exec(tag)?.[1] ?? '',
    /value="([^"]*)"/.exec(tag)?.[1] ?? '',
  ])
  const isSignIn = inside.includes('type="password"')
  if (!isSignIn && !inside.includes('name="accept"')) return undefined
  const typed = isSignIn ? person : { accept: 'Yes' }
  return {
    action: action.replaceAll('&amp;', '&'),
    fields: new URLSearchParams({ ...Object.fromEntries(hidden), ...typed }),
  }
}
