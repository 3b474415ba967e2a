import type { IncomingMessage, ServerResponse } from 'node:http'
import { errors, type Interaction, type Provider } from 'oidc-provider'
import type { Logger } from 'pino'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Directory } from '../directory/directory.ts'
import { RequestError, readBody, sendHtml } from '../http/messages.ts'
import { isCsrfToken, makeCsrfToken } from './csrf-token.ts'
import { noticePage, type PublishedAccount, signInPage } from './pages.ts'

export interface SignInOptions {
  /** The OpenID Provider of now: a new one takes over when the signing key changes. */
  provider: () => Provider
  directory: Directory
  /** Signs the forms. */
  formKey: string
  log: Logger
  /** Shown on the page in development, absent in production. */
  publishedAccounts?: readonly PublishedAccount[]
  /** Wrong passwords for one user name before it has to wait. Default 10. */
  mostFailures?: number
  /** What a disabled person reads. */
  disabledText: string
}

const failureWindowSeconds = 15 * 60

/** The pages under `/sign-in/{uid}` that oidc-provider sends a browser to when somebody has to sign in. */
export function createSignInRoutes(options: SignInOptions) {
  const { provider, directory, formKey, log, publishedAccounts, mostFailures = 10, disabledText } = options
  const failures = new RateLimiterMemory({ points: mostFailures, duration: failureWindowSeconds })

  function showForm(response: ServerResponse, status: number, uid: string, username?: string, problem?: string): void {
    const page = signInPage({
      action: `/sign-in/${uid}`,
      cancelAction: `/sign-in/${uid}/cancel`,
      csrfToken: makeCsrfToken(formKey, uid),
      ...(username === undefined ? {} : { username }),
      ...(problem === undefined ? {} : { problem }),
      ...(publishedAccounts === undefined ? {} : { publishedAccounts }),
    })
    sendHtml(response, status, page)
  }

  /** The interaction that belongs to this browser, and not one whose address somebody sent it. */
  async function readInteraction(
    request: IncomingMessage,
    response: ServerResponse,
    uid: string,
  ): Promise<Interaction> {
    const interaction = await provider().interactionDetails(request, response)
    if (interaction.uid !== uid) throw new errors.SessionNotFound('interaction of another browser')
    return interaction
  }

  async function readForm(request: IncomingMessage, uid: string): Promise<URLSearchParams> {
    const { origin } = request.headers
    const site = request.headers['sec-fetch-site']
    if (origin !== undefined && origin !== new URL(provider().issuer).origin) throw foreignForm()
    if (site !== undefined && site !== 'same-origin') throw foreignForm()
    const form = new URLSearchParams(await readBody(request, ['application/x-www-form-urlencoded']))
    if (!isCsrfToken(formKey, uid, form.get('csrf') ?? '')) throw foreignForm()
    return form
  }

  async function signIn(request: IncomingMessage, response: ServerResponse, uid: string): Promise<void> {
    await readInteraction(request, response, uid)
    const form = await readForm(request, uid)
    const username = (form.get('username') ?? '').trim().toLowerCase().slice(0, 64)
    const password = (form.get('password') ?? '').slice(0, 256)
    // What was typed as a user name may be a password; only names that exist are written down.
    const about = { username: directory.find(username)?.username ?? 'unknown' }
    const waitSeconds = await secondsToWait(username)
    if (waitSeconds > 0) {
      log.warn({ ...about, outcome: 'too_many_attempts' }, 'sign-in refused')
      response.setHeader('retry-after', waitSeconds)
      const minutes = Math.ceil(waitSeconds / 60)
      showForm(response, 429, uid, username, `Too many attempts. Try again in ${minutes} min, or ask the service desk.`)
      return
    }
    const check = await directory.checkPassword(username, password)
    log.info({ ...about, outcome: check.outcome }, 'sign-in')
    if (check.outcome === 'right') {
      await failures.delete(username)
      await provider().interactionFinished(
        request,
        response,
        // A client that asks for consent, as for a refresh token, has it: the company's administrator gave it for all.
        { login: { accountId: check.person.subject, amr: ['pwd'] }, consent: {} },
        { mergeWithLastSubmission: false },
      )
    } else if (check.outcome === 'disabled') {
      sendHtml(response, 403, disabledPage(uid))
    } else {
      await failures.consume(username).catch(() => undefined)
      showForm(response, 401, uid, username, 'The user name or the password is wrong. Try again.')
    }
  }

  function disabledPage(uid: string): string {
    return noticePage({
      title: 'Your account is disabled',
      text: `${disabledText} If this is a mistake, ask the IT service desk.`,
      back: { action: `/sign-in/${uid}/cancel`, csrfToken: makeCsrfToken(formKey, uid) },
    })
  }

  async function secondsToWait(username: string): Promise<number> {
    const known = await failures.get(username)
    if (known === null || !(known instanceof RateLimiterRes) || known.remainingPoints > 0) return 0
    return Math.ceil(known.msBeforeNext / 1000)
  }

  /** Nobody is asked: the company's administrator consented for everybody. */
  async function consent(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await provider().interactionFinished(request, response, { consent: {} }, { mergeWithLastSubmission: true })
  }

  async function cancel(request: IncomingMessage, response: ServerResponse, uid: string): Promise<void> {
    await readInteraction(request, response, uid)
    await readForm(request, uid)
    await provider().interactionFinished(
      request,
      response,
      { error: 'access_denied', error_description: 'The person did not sign in' },
      { mergeWithLastSubmission: false },
    )
  }

  /** @returns Whether the path belongs to the sign-in. */
  return async (request: IncomingMessage, response: ServerResponse, path: string): Promise<boolean> => {
    const match = /^\/sign-in\/([\w-]{1,64})(\/cancel)?$/.exec(path)
    const uid = match?.[1]
    if (uid === undefined) return false
    const isCancel = match?.[2] !== undefined
    try {
      if (request.method === 'POST') await (isCancel ? cancel : signIn)(request, response, uid)
      else if (request.method === 'GET' && !isCancel) {
        const { prompt } = await readInteraction(request, response, uid)
        if (prompt.name === 'consent') await consent(request, response)
        else showForm(response, 200, uid)
      } else {
        response.setHeader('allow', isCancel ? 'POST' : 'GET, POST')
        throw new RequestError(405, 'This page can only be opened from an application.')
      }
    } catch (error) {
      showError(response, error)
    }
    return true
  }

  function showError(response: ServerResponse, error: unknown): void {
    if (error instanceof errors.SessionNotFound) {
      const text = 'Go back to the application and sign in from there. Your browser must accept cookies from this site.'
      sendHtml(response, 400, noticePage({ title: 'This sign-in has expired', text }))
    } else if (error instanceof RequestError) {
      sendHtml(response, error.status, noticePage({ title: 'This did not work', text: error.message }))
    } else throw error
  }
}

function foreignForm(): RequestError {
  return new RequestError(
    403,
    'The form did not come from this page. Go back to the application and sign in from there.',
  )
}
