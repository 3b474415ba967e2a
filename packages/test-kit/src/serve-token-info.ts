import { answerJson, type LoopbackServer, listenOnLoopback, readForm } from './loopback-server.ts'
import { known } from './provider-dialects.ts'

/** What an endpoint says about an opaque access token. */
export type TokenDescription = Readonly<Record<string, unknown>>

/** An endpoint that knows opaque access tokens, on loopback. */
export interface TokenInfoServer extends LoopbackServer {
  readonly url: string
  /** How often it was asked. */
  readonly requests: number
  /** Makes a token known, or changes what is said about it. */
  issue(token: string, description: TokenDescription): void
  /** Forgets a token. */
  revoke(token: string): void
  /** Answers 503 from now on, or no longer. */
  fail(failing: boolean): void
}

/**
 * Plays Google's `tokeninfo` endpoint: `GET ?access_token=…`, numbers as strings as Google writes them, 400
 * `invalid_token` for a token it does not know.
 */
export async function serveTokenInfo(
  tokens: Readonly<Record<string, TokenDescription>> = {},
): Promise<TokenInfoServer> {
  return serveDescriptions('/tokeninfo', tokens, {
    unknown: { status: 400, body: { error: 'invalid_token', error_description: 'Invalid Value' } },
  })
}

/** Plays an introspection endpoint (RFC 7662): `POST token=…`, `{"active":false}` for a token it does not know. */
export async function serveIntrospection(
  tokens: Readonly<Record<string, TokenDescription>> = {},
): Promise<TokenInfoServer> {
  return serveDescriptions('/introspect', tokens, { unknown: { status: 200, body: { active: false } } })
}

/** What Google says about an opaque access token of a person. Times in seconds since the epoch. */
export function googleTokenInfo(expiresAt: number, changes: TokenDescription = {}): TokenDescription {
  return {
    azp: known.googleClient,
    aud: known.googleClient,
    sub: '110169484474386276334',
    scope: 'openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile',
    exp: String(expiresAt),
    expires_in: '3599',
    email: known.email,
    email_verified: 'true',
    access_type: 'online',
    ...changes,
  }
}

async function serveDescriptions(
  path: string,
  tokens: Readonly<Record<string, TokenDescription>>,
  { unknown }: { unknown: { status: number; body: TokenDescription } },
): Promise<TokenInfoServer> {
  const descriptions = new Map(Object.entries(tokens))
  let requests = 0
  let failing = false
  const server = await listenOnLoopback(async (request, response) => {
    requests++
    const query = new URL(request.url ?? '/', 'http://127.0.0.1').searchParams
    const form = request.method === 'POST' ? await readForm(request) : query
    const description = descriptions.get(form.get('token') ?? form.get('access_token') ?? '')
    if (failing) answerJson(response, 503, { error: 'temporarily_unavailable' })
    else if (description === undefined) answerJson(response, unknown.status, unknown.body)
    else answerJson(response, 200, description)
  })
  return {
    origin: server.origin,
    url: `${server.origin}${path}`,
    get requests() {
      return requests
    },
    issue: (token, description) => void descriptions.set(token, description),
    revoke: (token) => void descriptions.delete(token),
    fail: (failed) => {
      failing = failed
    },
    close: server.close,
  }
}
