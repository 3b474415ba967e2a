import { type HTMLElement, parse } from 'node-html-parser'
import { CookieJar } from 'tough-cookie'

/** A person at a browser: what they type when a sign-in page asks. */
export interface Person {
  username: string
  password: string
}

/** Where the browser ended: at the address the caller waited for, or on a page that leads nowhere. */
export type BrowserOutcome =
  | { outcome: 'arrived'; url: URL; signInPages: number }
  | { outcome: 'stopped'; url: URL; status: number; pageText: string }

/**
 * Told of everything that must not be seen elsewhere, and of every page and log where it must not be seen.
 * A test joins the two.
 */
export type Observer = (
  kind: 'cookie' | 'code' | 'access token' | 'refresh token' | 'page',
  value: string,
  /** The cookie's name. */
  name?: string,
) => void

const maxHops = 30
const maxSignInPages = 2

/**
 * A browser without a screen: keeps cookies, follows redirects, and fills in the sign-in form as the person would.
 *
 * It runs no script, so it proves that signing in needs none. One instance is one browser profile: a second
 * {@link HeadlessBrowser.open} with the same instance finds the person still signed in.
 */
export class HeadlessBrowser {
  readonly #jar = new CookieJar(undefined, { looseMode: true, rejectPublicSuffixes: false })
  readonly #observe: Observer

  constructor(observe: Observer = () => {}) {
    this.#observe = observe
  }

  /**
   * Opens an address and goes on until the browser is sent to `destination` (origin and path compared), which itself
   * is not requested, or until a page offers no way on.
   *
   * @throws {Error} More than 30 hops, or a form that is not a sign-in form.
   */
  async open(start: URL, person: Person, destination: URL): Promise<BrowserOutcome> {
    let request: PageRequest = { url: start, method: 'GET' }
    let signInPages = 0
    for (let hop = 0; hop < maxHops; hop += 1) {
      if (leadsTo(request.url, destination)) {
        this.#observe('code', request.url.searchParams.get('code') ?? '')
        return { outcome: 'arrived', url: request.url, signInPages }
      }
      const response = await this.#send(request)
      const location = response.headers.get('location')
      if (location !== null && response.status >= 300 && response.status < 400) {
        await response.body?.cancel()
        request = { url: new URL(location, request.url), method: 'GET' }
        continue
      }
      const page = await response.text()
      this.#observe('page', page)
      const message = samlForm(page, request.url)
      if (message !== undefined) {
        request = message
        continue
      }
      // The page that answers what was typed with the form again has refused it; nobody types the same twice.
      const isRefused = request.method === 'POST'
      const form = signInPages < maxSignInPages && !isRefused ? signInForm(page, request.url, person) : undefined
      if (form === undefined) {
        return { outcome: 'stopped', url: request.url, status: response.status, pageText: visibleText(page) }
      }
      signInPages += 1
      request = form
    }
    throw new Error(`the browser was sent on more than ${maxHops} times, last to ${request.url.origin}`)
  }

  async #send(request: PageRequest): Promise<Response> {
    const headers: Record<string, string> = { accept: 'text/html' }
    const cookie = await this.#jar.getCookieString(request.url.href)
    if (cookie !== '') headers.cookie = cookie
    if (request.method === 'POST') {
      headers['content-type'] = 'application/x-www-form-urlencoded'
      headers.origin = request.url.origin
    }
    const response = await fetch(request.url, {
      method: request.method,
      headers,
      redirect: 'manual',
      ...(request.body === undefined ? {} : { body: request.body }),
    })
    for (const line of response.headers.getSetCookie()) {
      const cookieSet = await this.#jar.setCookie(line, request.url.href, { ignoreError: true })
      if (cookieSet !== undefined && cookieSet.value.length >= 8)
        this.#observe('cookie', cookieSet.value, cookieSet.key)
    }
    return response
  }
}

interface PageRequest {
  url: URL
  method: 'GET' | 'POST'
  body?: string
}

function leadsTo(url: URL, destination: URL): boolean {
  return url.origin === destination.origin && url.pathname === destination.pathname
}

/** The form with a password field, filled in; `undefined` where the page asks for no password. */
function signInForm(page: string, pageUrl: URL, person: Person): PageRequest | undefined {
  const form = parse(page)
    .querySelectorAll('form')
    .find((candidate) => candidate.querySelector('input[type=password]') !== null)
  if (form === undefined) return undefined
  return fillIn(form, pageUrl, (type) => typed(type, person))
}

/** The form of a page that only carries a SAML message on (SAML Bindings 3.5); its button is pressed. */
function samlForm(page: string, pageUrl: URL): PageRequest | undefined {
  const form = parse(page)
    .querySelectorAll('form')
    .find((candidate) => candidate.querySelector('input[name=SAMLResponse], input[name=SAMLRequest]') !== null)
  return form === undefined ? undefined : fillIn(form, pageUrl, () => undefined)
}

function fillIn(form: HTMLElement, pageUrl: URL, typedInto: (inputType: string) => string | undefined): PageRequest {
  const fields = new URLSearchParams()
  for (const input of form.querySelectorAll('input')) {
    const name = input.getAttribute('name')
    const type = input.getAttribute('type')?.toLowerCase() ?? 'text'
    if (name === undefined || type === 'submit' || type === 'checkbox') continue
    fields.set(name, typedInto(type) ?? input.getAttribute('value') ?? '')
  }
  const action = new URL(form.getAttribute('action') ?? pageUrl.href, pageUrl)
  return { url: action, method: 'POST', body: fields.toString() }
}

function typed(inputType: string, person: Person): string | undefined {
  if (inputType === 'password') return person.password
  return inputType === 'text' || inputType === 'email' ? person.username : undefined
}

function visibleText(page: string): string {
  const body = parse(page).querySelector('body')
  for (const hidden of body?.querySelectorAll('script, style') ?? []) hidden.remove()
  return (body?.structuredText ?? '').replace(/\s+/g, ' ').trim().slice(0, 400)
}
