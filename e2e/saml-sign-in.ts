import type { StackFile } from '@mcp-identity/local-stack'
import { type Browser, claimsOf, createBrowser, fillIn, requestToken, type TokenAnswer } from './interactive-client.ts'

/** A response that the corporate IdP has made, on its way to Keycloak in a person's browser. */
export interface ResponseUnderway {
  /** Where the browser would send it. */
  action: string
  xml: string
  relayState: string
  browser: Browser
}

export type ResponseOutcome =
  | { outcome: 'accepted'; code: string }
  | { outcome: 'refused'; status: number; text: string }

/** The pair that RFC 7636 gives as an example (appendix B). */
const codeVerifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const codeChallenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

const redirectUri = 'http://127.0.0.1:53682/callback'

/** Signs somebody in at the corporate IdP, for Keycloak, and holds back what the browser would carry over. */
export async function holdResponse(
  stack: StackFile,
  username: string,
  browser: Browser = createBrowser(),
): Promise<ResponseUnderway> {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: stack.clients.cli.clientId,
    redirect_uri: redirectUri,
    scope: 'openid',
    state: 'state',
    resource: stack.urls.mcp,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
  })
  const password = stack.accounts.find((account) => account.username === username)?.password ?? ''
  let page = await browser.follow(`${stack.urls.issuer}/protocol/openid-connect/auth?${query}`, redirectUri)
  for (let pages = 0; pages < 2 && !/name="SAMLResponse"/.test(page.text); pages += 1) {
    const form = fillIn(page.text, { username, password }) ?? carriedOn(page.text)
    if (form === undefined) break
    page = await browser.post(new URL(form.action, page.url).href, redirectUri, form.fields)
  }
  const { action, fields } = carriedOn(page.text) ?? {}
  if (action === undefined || fields === undefined)
    throw new Error(`no response is underway: ${page.text.slice(0, 300)}`)
  return {
    action,
    xml: Buffer.from(fields.get('SAMLResponse') ?? '', 'base64').toString(),
    relayState: fields.get('RelayState') ?? '',
    browser,
  }
}

/** Sends it on, as it is or as somebody made it. */
export async function deliver(
  { action, relayState, browser }: Omit<ResponseUnderway, 'xml'>,
  xml: string,
): Promise<ResponseOutcome> {
  const fields = new URLSearchParams({
    SAMLResponse: Buffer.from(xml).toString('base64'),
    ...(relayState === '' ? {} : { RelayState: relayState }),
  })
  const page = await browser.post(action, redirectUri, fields)
  const code = page.arrivedAt?.searchParams.get('code')
  if (code) return { outcome: 'accepted', code }
  return { outcome: 'refused', status: page.status, text: visibleText(page.text) }
}

/** Who was signed in by a response that was accepted. */
export async function signedIn(stack: StackFile, outcome: ResponseOutcome): Promise<unknown> {
  if (outcome.outcome === 'refused') throw new Error(`nobody was: ${outcome.text}`)
  const { body } = await requestToken(stack, {
    grant_type: 'authorization_code',
    client_id: stack.clients.cli.clientId,
    redirect_uri: redirectUri,
    code: outcome.code,
    code_verifier: codeVerifier,
    resource: stack.urls.mcp,
  })
  return claimsOf((body as TokenAnswer).access_token).preferred_username
}

function visibleText(page: string): string {
  return page
    .replace(/<(script|style|title)[\s\S]*?<\/\1>|<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

/** The form of a page that only carries a SAML message on; Keycloak writes its own in capitals. */
export function carriedOn(text: string): { action: string; fields: URLSearchParams } | undefined {
  const [, action, inside] = /<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/i.exec(text) ?? []
  if (action === undefined || inside === undefined || !/name="SAML(Request|Response)"/i.test(inside)) return undefined
  const hidden = [...inside.matchAll(/<input[^>]*type="hidden"[^>]*>/gi)].map(([tag]) => [
    /name="([^"]*)"/i.exec(tag)?.[1] ?? '',
    /value="([^"]*)"/i.exec(tag)?.[1] ?? '',
  ])
  return { action: action.replaceAll('&amp;', '&'), fields: new URLSearchParams(Object.fromEntries(hidden)) }
}
