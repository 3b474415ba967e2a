import { fetchMetadata } from '../authorization-server-metadata.ts'
import { fetchDocument } from '../fetch-document.ts'
import type { OnlineExchange, OnlineTokens } from '../providers/issuer-profile.ts'
import { checkSecureAddress } from '../secure-address.ts'
import { refuse, TokenError } from '../token-error.ts'
import { IntrospectionUnavailableError } from '../unavailable-error.ts'
import type { Claims } from '../verified-access-token.ts'
import { authenticateClient, type ClientCredentials } from './client-authentication.ts'

/** Settings for asking an issuer about tokens (RFC 7662). */
export type IntrospectionSettings = ClientCredentials & {
  /** Default: where the provider has it, or what the issuer's metadata names as `introspection_endpoint`. */
  readonly endpoint?: string
  /**
   * About which tokens: `opaque` that are no JWS, `lightweight` also signed ones without `aud` or `sub`, `all` every
   * token. Default `lightweight`.
   */
  readonly tokens?: 'opaque' | 'lightweight' | 'all'
  /** How long an answer is used, in seconds, 0 to 300. 0: the issuer is asked on every call. Default 10. */
  readonly cacheSeconds?: number
}

/** Where introspection happens. */
export interface IntrospectionTarget {
  readonly issuer: string
  /** The provider's usual endpoint. `undefined`: its metadata is asked. */
  readonly usualEndpoint: string | undefined
  readonly allowInsecureHttp: boolean
}

/**
 * Says which tokens an issuer is asked about, and asks. Fails closed: no answer means no token.
 *
 * @throws {TypeError} A setting is wrong.
 */
export function introspectTokens(settings: IntrospectionSettings, target: IntrospectionTarget): OnlineTokens {
  const { tokens = 'lightweight', cacheSeconds = 10 } = settings
  if (!(cacheSeconds >= 0 && cacheSeconds <= 300)) throw new TypeError('cacheSeconds must be 0 to 300')
  const endpoint = settings.endpoint ?? target.usualEndpoint
  if (endpoint !== undefined) checkSecureAddress('introspection endpoint', endpoint, target.allowInsecureHttp)
  const locate = endpointFinder(endpoint, target)
  return {
    takesOpaque: (compactToken) => /^[A-Za-z0-9._~+/-]+=*$/.test(compactToken),
    completes: ({ aud, sub }) =>
      tokens === 'all' || (tokens === 'lightweight' && (aud === undefined || sub === undefined)),
    ask: (compactToken, exchange) => introspect(compactToken, settings, target, locate, exchange),
    cacheSeconds,
  }
}

type FindEndpoint = (exchange: OnlineExchange) => Promise<URL>

/** The endpoint is looked up once; a failure to find it is not remembered. */
function endpointFinder(
  endpoint: string | undefined,
  { issuer, allowInsecureHttp }: IntrospectionTarget,
): FindEndpoint {
  let found = endpoint === undefined ? undefined : new URL(endpoint)
  return async ({ limits, fetch: fetchFrom }) => {
    if (found === undefined) {
      const { introspection_endpoint: named } = await fetchMetadata(issuer, limits, fetchFrom)
      found = checkSecureAddress('introspection_endpoint', String(named), allowInsecureHttp)
    }
    return found
  }
}

async function introspect(
  compactToken: string,
  credentials: ClientCredentials,
  { issuer }: IntrospectionTarget,
  locate: FindEndpoint,
  exchange: OnlineExchange,
): Promise<Claims> {
  const answer = await post(compactToken, credentials, issuer, locate, exchange)
  if (answer.active !== true) refuse('inactive', 'the issuer says that the token is not active')
  if (answer.iss !== undefined && answer.iss !== issuer)
    refuse('inactive', 'the issuer answered about a token of another issuer')
  const { active: _active, ...claims } = answer
  return { ...claims, iss: issuer }
}

async function post(
  compactToken: string,
  credentials: ClientCredentials,
  issuer: string,
  locate: FindEndpoint,
  exchange: OnlineExchange,
): Promise<Claims> {
  try {
    const { headers, form } = await authenticateClient(credentials, issuer, exchange.now)
    const body = new URLSearchParams({ token: compactToken, token_type_hint: 'access_token', ...form })
    const init = { method: 'POST', headers: { ...headers }, body }
    const { status, document } = await fetchDocument(await locate(exchange), init, exchange.limits, exchange.fetch)
    if (status !== 200 || document === undefined) throw new Error(`it answered with status ${status}`)
    return document
  } catch (cause) {
    if (cause instanceof TokenError) throw cause
    const why = cause instanceof Error ? cause.message : 'no answer'
    throw new IntrospectionUnavailableError(`${issuer} cannot be asked about a token: ${why}`, 2, { cause })
  }
}
