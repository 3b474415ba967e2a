import { type Observations, type Observed, stringsOf } from './observe.ts'
import type { Rule } from './rule.ts'

/** What browsers ask for before a call; the others that MCP clients send need no permission. */
const neededHeaders = ['Authorization', 'Content-Type', 'MCP-Protocol-Version', 'Mcp-Session-Id']

/** What clients need of an MCP server that is a protected resource (RFC 9728, RFC 6750, MCP authorization). */
export const resourceServerRules: readonly Rule<Observations>[] = [
  {
    id: 'RS-02',
    severity: 'error',
    title: 'a call without an access token gets 401',
    mend: 'Put the gate of @mcp-identity/mcp-authorization before the MCP handler.',
    check: ({ anonymousCall: { status } }) => (status === 401 ? undefined : `status ${status}`),
  },
  {
    id: 'RS-03',
    severity: 'error',
    title: 'the challenge names the resource metadata',
    mend: 'Send WWW-Authenticate: Bearer resource_metadata="…" (RFC 9728 section 5.1).',
    applies: isChallenged,
    check: ({ anonymousCall, resourceMetadata }) => {
      const challenge = anonymousCall.headers.get('www-authenticate')
      if (challenge === null) return 'no WWW-Authenticate header'
      const named = /resource_metadata="([^"]+)"/.exec(challenge)?.[1]
      return named === resourceMetadata.url ? undefined : `resource_metadata is ${named ?? 'missing'}`
    },
  },
  {
    id: 'RS-04',
    severity: 'warning',
    title: 'a challenge without credentials carries no error code',
    mend: 'Leave error= out where nothing was sent (RFC 6750 section 3.1).',
    applies: isChallenged,
    check: ({ anonymousCall }) => {
      const code = /error="([^"]+)"/.exec(anonymousCall.headers.get('www-authenticate') ?? '')?.[1]
      return code === undefined ? undefined : `error="${code}"`
    },
  },
  {
    id: 'RS-05',
    severity: 'error',
    title: 'the metadata is published at the path-inserted address',
    mend: 'Serve it at /.well-known/oauth-protected-resource followed by the path of the resource (RFC 9728 section 3.1).',
    check: ({ resourceMetadata }) => notADocument(resourceMetadata),
  },
  {
    id: 'RS-06',
    severity: 'warning',
    title: 'the metadata is published at the root address too',
    mend: 'Older clients look at /.well-known/oauth-protected-resource only: serve the same document there.',
    check: ({ resourceMetadataAtRoot }) => notADocument(resourceMetadataAtRoot),
  },
  {
    id: 'RS-07',
    severity: 'error',
    title: 'the metadata names exactly this resource',
    mend: 'Set the resource to the address that clients use, character by character: no trailing slash, same host.',
    applies: isDescribed,
    check: ({ mcp, resourceMetadata: { json } }) =>
      json?.resource === mcp ? undefined : `resource is ${String(json?.resource)}, not ${mcp}`,
  },
  {
    id: 'RS-08',
    severity: 'error',
    title: 'the metadata names an authorization server',
    mend: 'List at least one issuer in authorization_servers.',
    applies: isDescribed,
    check: ({ resourceMetadata: { json } }) =>
      stringsOf(json?.authorization_servers).length > 0 ? undefined : 'authorization_servers is empty',
  },
  {
    id: 'RS-09',
    severity: 'warning',
    title: 'offline_access is not among the scopes of the resource',
    mend: 'Take it out of scopes_supported: refresh tokens are between the client and the authorization server.',
    applies: isDescribed,
    check: ({ resourceMetadata: { json } }) =>
      stringsOf(json?.scopes_supported).includes('offline_access') ? 'scopes_supported has offline_access' : undefined,
  },
  {
    id: 'RS-10',
    severity: 'warning',
    title: 'clients that register with what they saw can still step up',
    mend: 'List every tool scope in scopes_supported: a client that registers with a part of them is confined to it.',
    applies: isDescribed,
    check: ({ resourceMetadata: { json }, anonymousCall }) => {
      const listed = stringsOf(json?.scopes_supported)
      const challenged = (/scope="([^"]*)"/.exec(anonymousCall.headers.get('www-authenticate') ?? '')?.[1] ?? '').split(
        ' ',
      )
      const missing = challenged.filter((scope) => scope !== '' && !listed.includes(scope))
      return missing.length === 0 ? undefined : `the challenge asks for ${missing.join(' ')}, which is not listed`
    },
  },
  {
    id: 'RS-11',
    severity: 'error',
    title: 'pages of other origins can read the metadata',
    mend: 'Answer with Access-Control-Allow-Origin: browser-based clients start there.',
    applies: ({ resourceMetadataFromBrowser: { status } }) => status === 200,
    check: ({ resourceMetadataFromBrowser: { headers } }) =>
      headers.has('access-control-allow-origin') ? undefined : 'no Access-Control-Allow-Origin',
  },
  {
    id: 'RS-12',
    severity: 'error',
    title: 'a token that is none gets 401 with invalid_token',
    mend: 'Answer malformed tokens like any other bad token; never 500 (RFC 6750 section 3.1).',
    applies: ({ garbageToken }) => hasAnswered(garbageToken),
    check: ({ garbageToken: { status, headers } }) => {
      const code = /error="([^"]+)"/.exec(headers.get('www-authenticate') ?? '')?.[1]
      return status === 401 && code === 'invalid_token' ? undefined : `status ${status}, error ${code ?? 'missing'}`
    },
  },
  {
    id: 'RS-13',
    severity: 'error',
    title: 'tokens in the address are not taken',
    mend: 'Read access tokens from the Authorization header only (RFC 6750 section 2.3, MCP authorization).',
    applies: ({ tokenInQuery }) => hasAnswered(tokenInQuery),
    check: ({ tokenInQuery: { status } }) => (status === 400 || status === 401 ? undefined : `status ${status}`),
  },
  {
    id: 'RS-14',
    severity: 'error',
    title: 'refusals are not cached',
    mend: 'Send Cache-Control: no-store with every refusal.',
    check: ({ anonymousCall: { headers } }) =>
      headers.get('cache-control')?.includes('no-store') ? undefined : 'no Cache-Control: no-store',
  },
  {
    id: 'RS-15',
    severity: 'error',
    title: 'what is not authenticated is not parsed',
    mend: 'Put the gate before the body parser: broken JSON without a token must get 401, not a page or a stack trace.',
    applies: ({ brokenJson }) => hasAnswered(brokenJson),
    check: ({ brokenJson: { status, headers } }) =>
      status === 401 ? undefined : `status ${status}, ${headers.get('content-type') ?? 'no content type'}`,
  },
  {
    id: 'RS-16',
    severity: 'warning',
    title: 'GET does not open a stream to strangers',
    mend: 'Answer GET with 401 or 405.',
    applies: ({ get }) => hasAnswered(get),
    check: ({ get: { status } }) => (status === 401 || status === 405 ? undefined : `status ${status}`),
  },
  {
    id: 'RS-17',
    severity: 'error',
    title: 'pages may ask whether they may call',
    mend: 'Answer OPTIONS with 204 and Access-Control-Allow-Origin before anything asks for a token: browsers send none with a preflight. With @mcp-identity/mcp-authorization: allowedOrigins.',
    applies: isOpenToPage,
    check: ({ pageOrigin, preflight: { status, headers } }) => {
      if (status < 200 || status > 299) return `OPTIONS from ${pageOrigin}: status ${status}`
      return isAllowedOrigin(pageOrigin, headers) ? undefined : `OPTIONS from ${pageOrigin}: ${allowedOrigin(headers)}`
    },
  },
  {
    id: 'RS-18',
    severity: 'error',
    title: 'pages may send the headers that MCP and its authorization need',
    mend: 'List them in Access-Control-Allow-Headers by name: a * does not cover Authorization (Fetch standard).',
    applies: isPreflightAnswered,
    check: ({ preflight, resourceMetadata: { json } }) => {
      const bound = stringsOf(json?.dpop_signing_alg_values_supported).length > 0
      return missingHeaders(preflight, [...neededHeaders, ...(bound ? ['DPoP'] : [])])
    },
  },
  {
    id: 'RS-19',
    severity: 'warning',
    title: 'pages may send the headers that revision 2026-07-28 adds',
    mend: 'Add Mcp-Method and Mcp-Name to Access-Control-Allow-Headers.',
    applies: isPreflightAnswered,
    check: ({ preflight }) => missingHeaders(preflight, ['Mcp-Method', 'Mcp-Name']),
  },
  {
    id: 'RS-20',
    severity: 'error',
    title: 'pages can read the challenge',
    mend: 'Send Access-Control-Allow-Origin and Access-Control-Expose-Headers: WWW-Authenticate with every refusal, or a page never learns where to sign in.',
    applies: (observations) => isOpenToPage(observations) && observations.callFromPage.status === 401,
    check: ({ pageOrigin, callFromPage: { headers } }) => {
      if (!isAllowedOrigin(pageOrigin, headers)) return `401 for ${pageOrigin}: ${allowedOrigin(headers)}`
      const exposed = listOf(headers.get('access-control-expose-headers'))
      return exposed.includes('www-authenticate') || exposed.includes('*')
        ? undefined
        : `Access-Control-Expose-Headers: ${exposed.join(', ') || 'missing'}`
    },
  },
]

function isChallenged({ anonymousCall }: Observations): boolean {
  return anonymousCall.status === 401
}

function isDescribed({ resourceMetadata }: Observations): boolean {
  return notADocument(resourceMetadata) === undefined
}

function hasAnswered({ status }: Observed): boolean {
  return status !== 0
}

/** A server has to refuse pages that it does not know (MCP Streamable HTTP, "Security"), so 403 says nothing by itself. */
function isOpenToPage({ isPageExpected, preflight, callFromPage }: Observations): boolean {
  return hasAnswered(preflight) && (isPageExpected || (preflight.status !== 403 && callFromPage.status !== 403))
}

function isPreflightAnswered(observations: Observations): boolean {
  const { status } = observations.preflight
  return isOpenToPage(observations) && status >= 200 && status <= 299
}

function isAllowedOrigin(origin: string, headers: Headers): boolean {
  return ['*', origin].includes(headers.get('access-control-allow-origin') ?? '')
}

function allowedOrigin(headers: Headers): string {
  return `Access-Control-Allow-Origin: ${headers.get('access-control-allow-origin') ?? 'missing'}`
}

function missingHeaders({ headers }: Observed, needed: readonly string[]): string | undefined {
  const allowed = listOf(headers.get('access-control-allow-headers'))
  const missing = needed.filter((name) => {
    const isNamed = allowed.includes(name.toLowerCase())
    return !isNamed && !(allowed.includes('*') && name !== 'Authorization')
  })
  return missing.length === 0 ? undefined : `Access-Control-Allow-Headers lacks ${missing.join(', ')}`
}

function listOf(header: string | null): string[] {
  return (header ?? '')
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
}

function notADocument({ status, json, problem }: Observed): string | undefined {
  if (problem !== undefined) return problem
  if (status !== 200) return `status ${status}`
  return json === undefined ? 'no JSON object' : undefined
}
