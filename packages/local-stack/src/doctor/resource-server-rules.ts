import { type Observations, type Observed, stringsOf } from './observe.ts'
import type { Rule } from './rule.ts'

/** What clients need of an MCP server that is a protected resource (RFC 9728, RFC 6750, MCP authorization). */
export const resourceServerRules: readonly Rule<Observations>[] = [
  {
    id: 'RS-01',
    severity: 'error',
    title: 'the MCP server answers',
    mend: 'Start it, or give its address with --mcp.',
    check: ({ anonymousCall }) => anonymousCall.problem,
  },
  {
    id: 'RS-02',
    severity: 'error',
    title: 'a call without an access token gets 401',
    mend: 'Put the gate of @mcp-identity/mcp-authorization before the MCP handler.',
    check: ({ anonymousCall: { status } }) => (status === 401 || status === 0 ? undefined : `status ${status}`),
  },
  {
    id: 'RS-03',
    severity: 'error',
    title: 'the challenge names the resource metadata',
    mend: 'Send WWW-Authenticate: Bearer resource_metadata="…" (RFC 9728 section 5.1).',
    check: ({ anonymousCall, resourceMetadata }) => {
      if (anonymousCall.status !== 401) return undefined
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
    check: ({ mcp, resourceMetadata: { json } }) =>
      json === undefined || json.resource === mcp ? undefined : `resource is ${String(json.resource)}, not ${mcp}`,
  },
  {
    id: 'RS-08',
    severity: 'error',
    title: 'the metadata names an authorization server',
    mend: 'List at least one issuer in authorization_servers.',
    check: ({ resourceMetadata: { json } }) =>
      json === undefined || stringsOf(json.authorization_servers).length > 0
        ? undefined
        : 'authorization_servers is empty',
  },
  {
    id: 'RS-09',
    severity: 'warning',
    title: 'offline_access is not among the scopes of the resource',
    mend: 'Take it out of scopes_supported: refresh tokens are between the client and the authorization server.',
    check: ({ resourceMetadata: { json } }) =>
      stringsOf(json?.scopes_supported).includes('offline_access') ? 'scopes_supported has offline_access' : undefined,
  },
  {
    id: 'RS-10',
    severity: 'warning',
    title: 'clients that register with what they saw can still step up',
    mend: 'List every tool scope in scopes_supported: a client that registers with a part of them is confined to it.',
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
    check: ({ resourceMetadataFromBrowser: { status, headers } }) =>
      status !== 200 || headers.has('access-control-allow-origin') ? undefined : 'no Access-Control-Allow-Origin',
  },
  {
    id: 'RS-12',
    severity: 'error',
    title: 'a token that is none gets 401 with invalid_token',
    mend: 'Answer malformed tokens like any other bad token; never 500 (RFC 6750 section 3.1).',
    check: ({ garbageToken: { status, headers } }) => {
      if (status === 0) return undefined
      const code = /error="([^"]+)"/.exec(headers.get('www-authenticate') ?? '')?.[1]
      return status === 401 && code === 'invalid_token' ? undefined : `status ${status}, error ${code ?? 'missing'}`
    },
  },
  {
    id: 'RS-13',
    severity: 'error',
    title: 'tokens in the address are not taken',
    mend: 'Read access tokens from the Authorization header only (RFC 6750 section 2.3, MCP authorization).',
    check: ({ tokenInQuery: { status } }) =>
      status === 0 || status === 400 || status === 401 ? undefined : `status ${status}`,
  },
  {
    id: 'RS-14',
    severity: 'error',
    title: 'refusals are not cached',
    mend: 'Send Cache-Control: no-store with every refusal.',
    check: ({ anonymousCall: { status, headers } }) =>
      status === 0 || headers.get('cache-control')?.includes('no-store') ? undefined : 'no Cache-Control: no-store',
  },
  {
    id: 'RS-15',
    severity: 'error',
    title: 'what is not authenticated is not parsed',
    mend: 'Put the gate before the body parser: broken JSON without a token must get 401, not a page or a stack trace.',
    check: ({ brokenJson: { status, headers } }) => {
      if (status === 0 || status === 401) return undefined
      return `status ${status}, ${headers.get('content-type') ?? 'no content type'}`
    },
  },
  {
    id: 'RS-16',
    severity: 'warning',
    title: 'GET does not open a stream to strangers',
    mend: 'Answer GET with 401 or 405.',
    check: ({ get: { status } }) => (status === 0 || status === 401 || status === 405 ? undefined : `status ${status}`),
  },
]

function notADocument({ status, json, problem }: Observed): string | undefined {
  if (problem !== undefined) return problem
  if (status !== 200) return `status ${status}`
  return json === undefined ? 'no JSON object' : undefined
}
