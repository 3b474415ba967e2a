import { type FetchedDocument, fetchDocument } from '../fetch-document.ts'
import type { OnlineExchange } from '../providers/issuer-profile.ts'
import { refuse } from '../token-error.ts'
import { IntrospectionUnavailableError } from '../unavailable-error.ts'
import type { Claims } from '../verified-access-token.ts'

/** Where Google is asked. */
export interface TokenInfoSettings {
  readonly issuer: string
  readonly tokenInfoUri: URL
  /** Asked for the Workspace domain, where that matters. */
  readonly userInfoUri: URL | undefined
}

/** Life of every access token of Google, in seconds. Its tokeninfo tells the end and not the beginning. */
const lifetimeSeconds = 3600

/**
 * Asks Google about an opaque access token, and gives its answer the form of claims.
 *
 * @throws {TokenError} `inactive`: Google does not know the token, or no longer.
 * @throws {IntrospectionUnavailableError}
 */
export async function askTokenInfo(
  compactToken: string,
  settings: TokenInfoSettings,
  exchange: OnlineExchange,
): Promise<Claims> {
  const form = { method: 'POST', body: new URLSearchParams({ access_token: compactToken }) }
  const { status, document: info } = await ask(settings.tokenInfoUri, form, exchange)
  if (status === 400 || status === 401) refuse('inactive', 'Google does not know the token, or no longer')
  if (status !== 200 || info === undefined) throw unavailable(`it answered with status ${status}`)
  const hd = info.hd ?? (await askHostedDomain(compactToken, info, settings, exchange))
  const { exp, email, email_verified: verified, expires_in: _left, ...others } = info
  const end = typeof exp === 'string' && /^\d{1,12}$/.test(exp) ? Number(exp) : exp
  return {
    ...others,
    ...(typeof end === 'number' && { exp: end, iat: Math.min(end - lifetimeSeconds, Math.floor(exchange.now)) }),
    ...((verified === 'true' || verified === true) && { email }),
    ...(hd !== undefined && { hd }),
    iss: settings.issuer,
  }
}

/** The domain counts only when it is told of the same person. */
async function askHostedDomain(
  compactToken: string,
  info: Claims,
  { userInfoUri }: TokenInfoSettings,
  exchange: OnlineExchange,
): Promise<unknown> {
  if (userInfoUri === undefined) return undefined
  const headers = { authorization: `Bearer ${compactToken}` }
  const { status, document: person } = await ask(userInfoUri, { headers }, exchange)
  if (status >= 500) throw unavailable(`userinfo answered with status ${status}`)
  return status === 200 && person?.sub === info.sub ? person?.hd : undefined
}

async function ask(
  url: URL,
  init: RequestInit,
  { limits, fetch: fetchFrom }: OnlineExchange,
): Promise<FetchedDocument> {
  try {
    return await fetchDocument(url, init, limits, fetchFrom)
  } catch (cause) {
    throw unavailable(cause instanceof Error ? cause.message : 'no answer', cause)
  }
}

function unavailable(why: string, cause?: unknown): IntrospectionUnavailableError {
  return new IntrospectionUnavailableError(`Google cannot be asked about a token: ${why}`, 2, { cause })
}
