import { type ObservedAuthorizationServer, stringsOf } from './observe.ts'
import type { Rule } from './rule.ts'

/** What MCP clients need of an authorization server (RFC 8414, RFC 9207, MCP authorization). */
export const authorizationServerRules: readonly Rule<ObservedAuthorizationServer>[] = [
  {
    id: 'AS-01',
    severity: 'error',
    title: 'the authorization server publishes its metadata',
    mend: 'Serve RFC 8414 or OpenID Connect discovery for exactly this issuer; the three addresses that clients try are listed.',
    check: ({ documents, metadata }) =>
      metadata === undefined
        ? documents.map(({ url, status, problem }) => `${url}: ${problem ?? status}`).join('; ') ||
          'the issuer is no URL'
        : undefined,
  },
  {
    id: 'AS-02',
    severity: 'error',
    title: 'the metadata is about this issuer',
    mend: 'Issuer strings are compared exactly: give the resource metadata and MCP_ISSUERS the string that the server states.',
    applies: isPublished,
    check: ({ issuer, metadata }) =>
      metadata?.json?.issuer === issuer ? undefined : `it says ${String(metadata?.json?.issuer)}, not ${issuer}`,
  },
  {
    id: 'AS-03',
    severity: 'error',
    title: 'PKCE with S256 is announced',
    mend: 'MCP clients refuse a server whose code_challenge_methods_supported lacks S256.',
    applies: isPublished,
    check: ({ metadata }) =>
      stringsOf(metadata?.json?.code_challenge_methods_supported).includes('S256')
        ? undefined
        : 'code_challenge_methods_supported lacks S256',
  },
  {
    id: 'AS-04',
    severity: 'warning',
    title: 'authorization responses carry the issuer',
    mend: 'Turn on authorization_response_iss_parameter_supported (RFC 9207): it stops mix-ups between servers.',
    applies: isPublished,
    check: ({ metadata }) =>
      metadata?.json?.authorization_response_iss_parameter_supported === true
        ? undefined
        : 'authorization_response_iss_parameter_supported is not true',
  },
  {
    id: 'AS-05',
    severity: 'warning',
    title: 'offline_access is not offered',
    mend: 'Clients that see it ask for it, and get tokens that outlive a sign-out. Keycloak: --spi-well-known--openid-configuration--include-client-scopes=false.',
    applies: isPublished,
    check: ({ metadata }) =>
      stringsOf(metadata?.json?.scopes_supported).includes('offline_access')
        ? 'scopes_supported has offline_access'
        : undefined,
  },
  {
    id: 'AS-06',
    severity: 'warning',
    title: 'browser-based clients may read the metadata with their own header',
    mend: 'Allow mcp-protocol-version in preflights. Keycloak: --spi-cors--default--allowed-headers=mcp-protocol-version.',
    applies: ({ preflight }) => preflight !== undefined && preflight.status !== 0,
    check: ({ preflight }) => {
      const allowed = (preflight?.headers.get('access-control-allow-headers') ?? '').toLowerCase()
      return allowed.includes('mcp-protocol-version') || allowed.trim() === '*'
        ? undefined
        : `Access-Control-Allow-Headers: ${allowed || 'missing'}`
    },
  },
  {
    id: 'AS-07',
    severity: 'error',
    title: 'the key set is there and holds a key for signatures',
    mend: 'Access tokens must be signed by a key that resource servers can fetch from jwks_uri.',
    applies: isPublished,
    check: ({ keySet }) => {
      if (keySet === undefined) return 'no jwks_uri'
      if (keySet.status !== 200) return `${keySet.url}: ${keySet.problem ?? keySet.status}`
      const keys = (Array.isArray(keySet.json?.keys) ? keySet.json.keys : []) as { use?: string; kty?: string }[]
      return keys.some(({ use = 'sig', kty }) => use === 'sig' && kty !== 'oct') ? undefined : 'no key with use "sig"'
    },
  },
  {
    id: 'AS-08',
    severity: 'warning',
    title: 'http only on this machine',
    mend: 'Serve the authorization server by https; only loopback may go without.',
    // One that is no URL is AS-01's to report.
    applies: ({ issuer }) => URL.canParse(issuer),
    check: ({ issuer }) => {
      const { protocol, hostname } = new URL(issuer)
      const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
      return protocol === 'https:' || isLoopback ? undefined : issuer
    },
  },
  {
    id: 'AS-09',
    severity: 'warning',
    title: 'a client that nobody entered by hand can introduce itself',
    mend: 'Turn on client ID metadata documents or registration (RFC 7591); or enter each client by hand, tell its users the client_id, and run this with --ignore AS-09.',
    applies: isPublished,
    check: ({ metadata }) =>
      metadata?.json?.client_id_metadata_document_supported === true ||
      typeof metadata?.json?.registration_endpoint === 'string'
        ? undefined
        : 'neither client_id_metadata_document_supported nor registration_endpoint is announced',
  },
]

function isPublished({ metadata }: ObservedAuthorizationServer): boolean {
  return metadata !== undefined
}
