import { mintAccessToken, type TokenFaultName } from '@mcp-identity/test-kit'

/** The issuer and the audience of the tokens. */
export interface TokenTarget {
  readonly issuer: string
  readonly resource: string
}

const customerReaders = ['Customer Readers', 'All Staff']

/** What is wrong with bad tokens, one kind after the other; `undefined`: no token at all, but as long as one. */
const badKinds: readonly (TokenFaultName | undefined)[] = [
  undefined,
  'foreignKey',
  'unknownKeyId',
  'expired',
  'changedClaim',
  'otherAudience',
  'otherIssuer',
  'algorithmNone',
]

/** Longer than any load lasts. */
const lifetimeSeconds = 7_200

/**
 * A call of `whoami` for each of so many people, each with a token of his own: RS256 with 2048 bits and the claims that
 * Keycloak gives to somebody of the sample company.
 */
export function callsOf(count: number, target: TokenTarget): Buffer[] {
  return Array.from({ length: count }, (_, index) => requestWith(target, mintFor(target, index)))
}

/** The same with tokens that no resource server may accept, each another one: garbage, other keys, expired and so on. */
export function badCallsOf(count: number, target: TokenTarget): Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const fault = badKinds[index % badKinds.length]
    return requestWith(target, fault === undefined ? garbage(index) : mintFor(target, index, fault))
  })
}

function garbage(index: number): string {
  return `${index}`.repeat(1_200).slice(0, 1_200)
}

function mintFor({ issuer, resource }: TokenTarget, index: number, fault?: TokenFaultName): string {
  return mintAccessToken({
    provider: 'keycloak',
    issuer,
    audience: resource,
    now: Math.floor(Date.now() / 1000),
    lifetimeSeconds,
    ...(fault === undefined ? {} : { fault }),
    claims: {
      sub: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      jti: `token-${fault ?? 'good'}-${index}`,
      sid: `session-${index}`,
      email: `person-${index}@company.com`,
      name: `Person ${index}`,
      department: 'Sales',
      groups: customerReaders,
      zoneinfo: 'America/New_York',
      country: 'US',
      scope: 'read:customers',
      resource_access: { [resource]: { roles: ['read:customers'] } },
    },
  })
}

function requestWith({ resource }: TokenTarget, token: string): Buffer {
  const { host, pathname } = new URL(resource)
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'load', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const params = { name: 'whoami', arguments: {}, _meta }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  const headers = [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    'MCP-Protocol-Version: 2026-07-28',
    'Mcp-Method: tools/call',
    'Mcp-Name: whoami',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${headers.join('\r\n')}\r\n\r\n${body}`, 'latin1')
}
