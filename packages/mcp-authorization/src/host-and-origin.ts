import { headerValues, type RawRequest } from './raw-request.ts'

/** Lower-case name or address, IPv6 in brackets, and an optional port. */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/

/**
 * Makes the check that a request names this server in its one `Host` header, the defence against DNS rebinding.
 *
 * An entry with a port matches that port only, an entry without one matches any port.
 *
 * @throws {TypeError} An entry is not a host.
 */
export function createHostCheck(allowedHosts: readonly string[]): (request: RawRequest) => boolean {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()))
  for (const host of allowed) {
    if (!HOST.test(host))
      throw new TypeError(`allowedHosts must list hosts such as mcp.company.com, found ${JSON.stringify(host)}`)
  }
  return (request) => {
    const values = headerValues(request, 'host')
    const value = values.length === 1 ? (values[0] as string).toLowerCase() : ''
    if (allowed.has(value)) return true
    const name = HOST.exec(value)?.[1]
    return name !== undefined && allowed.has(name)
  }
}

/** What the `Origin` header says: no browser behind the request, an allowed origin, or a foreign one. */
export type OriginFinding =
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'allowed'; readonly origin: string }
  | { readonly outcome: 'foreign' }

const ABSENT: OriginFinding = { outcome: 'absent' }
const FOREIGN: OriginFinding = { outcome: 'foreign' }

/**
 * Makes the check of the `Origin` header (MCP Streamable HTTP, "Security"): absent or exactly one of the allowed origins.
 *
 * @throws {TypeError} An entry is not an origin as browsers write it, for example `https://console.company.com`.
 */
export function createOriginCheck(allowedOrigins: readonly string[]): (request: RawRequest) => OriginFinding {
  for (const origin of allowedOrigins) {
    if (!isOrigin(origin)) throw new TypeError(`allowedOrigins must list origins, found ${JSON.stringify(origin)}`)
  }
  const allowed = new Map(allowedOrigins.map((origin) => [origin, { outcome: 'allowed', origin } as const]))
  return (request) => {
    const values = headerValues(request, 'origin')
    if (values.length === 0) return ABSENT
    return (values.length === 1 && allowed.get(values[0] as string)) || FOREIGN
  }
}

function isOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false
  const url = new URL(value)
  return value === (url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin)
}
