import type { ObservedAddress, ProductionObservations } from './observe-production.ts'
import type { Rule } from './rule.ts'

/** A certificate is to be renewed before anybody has to hurry. */
const leastDaysLeft = 14
const dayMs = 86_400_000

/** What must hold before people who work for a living are let in, as far as it can be seen from outside. */
export const productionRules: readonly Rule<ProductionObservations>[] = [
  {
    id: 'PR-01',
    severity: 'error',
    title: 'every address is https',
    mend: 'Set MCP_RESOURCE and the issuers to https addresses, without MCP_DEVELOPMENT=1: a token that travels in the clear is anybody’s.',
    check: ({ addresses }) =>
      addresses.filter(({ tls }) => tls === undefined).map(({ what, url }) => `${what}: ${url}`),
  },
  {
    id: 'PR-02',
    severity: 'error',
    title: 'certificates are trusted',
    mend: 'Have the certificate signed by an authority that every client trusts, for this very name. For a private authority, name it in NODE_EXTRA_CA_CERTS here and on the clients.',
    applies: isEncrypted,
    check: ({ addresses }) => addresses.flatMap(({ url, tls }) => (tls?.problem ? [`${url}: ${tls.problem}`] : [])),
  },
  {
    id: 'PR-03',
    severity: 'warning',
    title: `certificates last ${leastDaysLeft} days or longer`,
    mend: 'Renew the certificate, and let a program do it from now on.',
    applies: isEncrypted,
    check: ({ addresses, now }) =>
      addresses.flatMap(({ url, tls: { expiresAt = Number.POSITIVE_INFINITY } = { speaksOldVersions: false } }) =>
        expiresAt - now < leastDaysLeft * dayMs
          ? [`${url}: until ${new Date(expiresAt).toISOString().slice(0, 10)}`]
          : [],
      ),
  },
  {
    id: 'PR-04',
    severity: 'error',
    title: 'nothing older than TLS 1.2 is spoken',
    mend: 'Set the least version to TLS 1.2 where TLS ends: ssl-min-ver, ssl_protocols, minVersion (RFC 8996).',
    applies: isEncrypted,
    check: ({ addresses }) => addresses.filter(({ tls }) => tls?.speaksOldVersions).map(({ url }) => url),
  },
  {
    id: 'PR-05',
    severity: 'error',
    title: 'the MCP server is ready, and warns of nothing',
    mend: 'Do what the warning says. The log of the server names the setting.',
    applies: ({ readiness }) => checksOf(readiness.json).length > 0,
    check: ({ readiness }) =>
      checksOf(readiness.json).flatMap(({ name, waitsFor, warning }) => [
        ...(waitsFor === undefined ? [] : [`${name}: waits for ${waitsFor}`]),
        ...(warning === undefined ? [] : [`${name}: ${warning}`]),
      ]),
  },
  {
    id: 'PR-06',
    severity: 'warning',
    title: 'metrics are not for everyone',
    mend: 'Let the proxy pass what callers need only: the resource, /.well-known, /signals, and what the console reads. Scrape each replica from inside.',
    check: ({ metrics }) => (metrics.status === 200 && metrics.text.includes('# TYPE') ? metrics.url : undefined),
  },
  {
    id: 'PR-07',
    severity: 'warning',
    title: 'Keycloak is not administered from outside',
    mend: 'Let the proxy pass /realms/, /resources/ and /.well-known/ only, and give the administration an address of its own with hostname-admin.',
    applies: ({ administration }) => administration.length > 0,
    check: ({ administration }) => administration.filter(({ status }) => status === 200).map(({ url }) => url),
  },
]

function isEncrypted({ addresses }: { addresses: ObservedAddress[] }): boolean {
  return addresses.some(({ tls }) => tls !== undefined)
}

interface ReadinessCheck {
  name: string
  waitsFor?: string
  warning?: string
}

/** None where another server answers, which does not tell. */
function checksOf(readiness: Record<string, unknown> | undefined): ReadinessCheck[] {
  return Array.isArray(readiness?.checks) ? (readiness.checks as ReadinessCheck[]) : []
}
