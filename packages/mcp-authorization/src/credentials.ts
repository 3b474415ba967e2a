import { headerValues, queryOf, type RawRequest } from './raw-request.ts'

/** What a request carries as credentials, before anyone looked inside the token. */
export type Credentials =
  | { readonly outcome: 'none' }
  | { readonly outcome: 'malformed'; readonly reason: MalformedCredentialsReason }
  | {
      readonly outcome: 'presented'
      readonly scheme: 'Bearer' | 'DPoP'
      readonly token: string
      readonly dpopProofs: readonly string[]
    }

/** Why credentials are malformed; stable, for logs and tests. */
export type MalformedCredentialsReason =
  | 'token_in_query'
  | 'several_authorization_headers'
  | 'several_credentials'
  | 'malformed_authorization_header'

const SCHEMES: Readonly<Record<string, 'Bearer' | 'DPoP'>> = { bearer: 'Bearer', dpop: 'DPoP' }
/** RFC 9110 section 5.6.2. */
const SCHEME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const SECOND_CREDENTIALS = /,\s*(?:bearer|dpop)\b/i

/**
 * Reads the one `Authorization` header of a request (RFC 6750 section 2.1, RFC 9449 section 7.1).
 *
 * Only that header counts: a token in the query is refused, a body or a cookie is never looked at (RFC 6750 section 2
 * allows one method per request). A scheme other than `Bearer` and `DPoP` is no credential here (section 3.1). Says
 * nothing about the token itself.
 */
export function readCredentials(request: RawRequest): Credentials {
  if (hasTokenInQuery(request)) return malformed('token_in_query')
  const values = headerValues(request, 'authorization')
  if (values.length > 1) return malformed('several_authorization_headers')
  const value = values[0]?.trim()
  if (value === undefined || value === '') return { outcome: 'none' }
  return readAuthorization(value, request)
}

/** RFC 9110 section 11.4: a scheme, then spaces (no tab), then the credentials. */
function readAuthorization(value: string, request: RawRequest): Credentials {
  const space = value.indexOf(' ')
  const named = space === -1 ? value : value.slice(0, space)
  if (!SCHEME.test(named)) return malformed('malformed_authorization_header')
  const scheme = SCHEMES[named.toLowerCase()]
  if (scheme === undefined) return { outcome: 'none' }
  const token = space === -1 ? '' : value.slice(space).trimStart()
  if (token === '') return malformed('malformed_authorization_header')
  if (token.includes(',') && SECOND_CREDENTIALS.test(token)) return malformed('several_credentials')
  return { outcome: 'presented', scheme, token, dpopProofs: headerValues(request, 'dpop') }
}

function hasTokenInQuery(request: RawRequest): boolean {
  const query = queryOf(request)
  return query !== '' && new URLSearchParams(query).has('access_token')
}

function malformed(reason: MalformedCredentialsReason): Credentials {
  return { outcome: 'malformed', reason }
}
