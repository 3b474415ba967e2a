import { isIP } from 'node:net'
import { connect, type PeerCertificate, rootCertificates, type SecureVersion, type TLSSocket } from 'node:tls'
import { ask, type Observed } from './observe.ts'

/** One address that callers meet, and how it is encrypted. */
export interface ObservedAddress {
  /** What it is for: `MCP server`, `issuer`. */
  what: string
  url: string
  /** Undefined where the address is plain http. */
  tls?: ObservedTls
}

/** What a handshake showed. */
export interface ObservedTls {
  /** Why the certificate is not trusted here, or why there was no handshake. */
  problem?: string
  /** End of the certificate's life; milliseconds since the epoch. */
  expiresAt?: number
  /** Whether a client that knows nothing newer than TLS 1.1 gets in. */
  speaksOldVersions: boolean
}

/** What the rules for production look at, beside what any client sees. */
export interface ProductionObservations {
  addresses: ObservedAddress[]
  /** `/readyz` of the MCP server. */
  readiness: Observed
  /** `/metrics` at the address of the MCP server. */
  metrics: Observed
  /** The administration of Keycloak's own realm at the addresses of issuers that are Keycloak's. */
  administration: Observed[]
  now: number
}

const timeoutMs = 5000

/** Asks what a deployment shows of itself to everyone. Signs nobody in. */
export async function observeProduction(mcp: string, issuers: readonly string[]): Promise<ProductionObservations> {
  const { origin } = new URL(mcp)
  const named: [what: string, url: string][] = [
    ['MCP server', mcp],
    ...issuers.map((url): [string, string] => ['issuer', url]),
  ]
  const realms = [
    ...new Set(
      issuers
        .filter((issuer) => /\/realms\/[^/]+$/.test(issuer))
        .map((issuer) => issuer.replace(/\/realms\/[^/]+$/, '')),
    ),
  ]
  const [addresses, readiness, metrics, administration] = await Promise.all([
    Promise.all(named.map(async ([what, url]) => ({ what, url, ...(await observeEncryption(url)) }))),
    ask(`${origin}/readyz`),
    ask(`${origin}/metrics`),
    Promise.all(realms.map((keycloak) => ask(`${keycloak}/admin/master/console/`))),
  ])
  return { addresses, readiness, metrics, administration, now: Date.now() }
}

async function observeEncryption(address: string): Promise<{ tls?: ObservedTls }> {
  const { protocol, hostname, port } = new URL(address)
  if (protocol !== 'https:') return {}
  const at = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) }
  return { tls: await observeTls(at) }
}

/**
 * Shakes hands twice: as this machine does, and as a client of 2006 would.
 *
 * @param at.ca PEM of further authorities that are trusted. Default: those of this machine and of `NODE_EXTRA_CA_CERTS`.
 */
export async function observeTls(at: { host: string; port: number; ca?: string }): Promise<ObservedTls> {
  const [today, old] = await Promise.all([
    shakeHands(at, { minVersion: 'TLSv1.2' }),
    // OpenSSL itself would not speak it at its usual level of security.
    shakeHands(at, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
  ])
  return { ...today, speaksOldVersions: old.expiresAt !== undefined }
}

interface Versions {
  minVersion: SecureVersion
  maxVersion?: SecureVersion
  ciphers?: string
}

function shakeHands(
  { host, port, ca }: { host: string; port: number; ca?: string },
  versions: Versions,
): Promise<{ problem?: string; expiresAt?: number }> {
  return new Promise((resolve) => {
    const trusted = ca === undefined ? {} : { ca: [ca, ...rootCertificates] }
    // The certificate is looked at, whether it is trusted or not; nothing is sent over this connection.
    const socket = connect({
      host,
      port,
      servername: isIP(host) ? '' : host,
      rejectUnauthorized: false,
      ...trusted,
      ...versions,
    })
    const end = (seen: { problem?: string; expiresAt?: number }): void => {
      socket.destroy()
      resolve(seen)
    }
    socket.setTimeout(timeoutMs, () => end({ problem: 'no answer' }))
    socket.once('error', ({ message }) => end({ problem: message }))
    socket.once('secureConnect', () => end(certificateOf(socket)))
  })
}

function certificateOf(socket: TLSSocket): { problem?: string; expiresAt: number } {
  const certificate: PeerCertificate = socket.getPeerCertificate()
  const problem = socket.authorized ? {} : { problem: String(socket.authorizationError) }
  return { expiresAt: Date.parse(certificate.valid_to), ...problem }
}
