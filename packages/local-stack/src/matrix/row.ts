import type { ProviderName, ProviderRole, Sourced } from '@mcp-identity/provider-dialects'
import { type CheckName, checks, type Provider, providerNames, providers } from '@mcp-identity/provider-dialects'
import type { Trust } from '../parts.ts'

/** One provider in one role. */
export interface Row {
  provider: ProviderName
  role: ProviderRole
  /** People sign in over SAML 2.0 in place of OpenID Connect. */
  protocol?: 'saml'
}

/** What became of one check of one row. */
export type Cell =
  | { check: CheckName; outcome: 'passed'; detail: string; milliseconds: number }
  /** The provider's own limit, from its table; not tried. */
  | ({ check: CheckName; outcome: 'limit' } & Sourced)
  | { check: CheckName; outcome: 'failed'; problem: string; milliseconds: number }
  /** A check before it failed, and it relies on that. */
  | { check: CheckName; outcome: 'not reached' }

export interface RowReport extends Row {
  title: string
  cells: Cell[]
}

export interface MatrixReport {
  /** Whether no cell failed. */
  ok: boolean
  seconds: number
  rows: RowReport[]
}

/** Keycloak first, the provider by the book last. */
const order: readonly ProviderName[] = [
  'keycloak',
  ...providerNames.filter((name) => name !== 'keycloak' && name !== 'generic'),
  'generic',
]

export const roles: readonly ProviderRole[] = ['corporate IdP', 'issuer']

/** Every provider in both roles, and SAML 2.0, which issues no access tokens. */
export const allRows: readonly Row[] = roles.flatMap((role) => [
  ...order.map((provider) => ({ provider, role })),
  ...(role === 'corporate IdP' ? [{ provider: 'generic' as const, role, protocol: 'saml' as const }] : []),
])

/**
 * The rows that were asked for: a provider (`entra`) or `saml`, a role (`issuer`, `corporate-idp`) or both (`entra/issuer`).
 *
 * @throws {TypeError} Nothing bears this name; says what does.
 */
export function rowsNamed(names: readonly string[]): readonly Row[] {
  for (const name of names) {
    if (!allRows.some((row) => bears(row, name)))
      throw new TypeError(
        `no row is called ${name}: say a provider (${order.join(', ')}), saml, a role (corporate-idp, issuer) or both, such as entra/issuer`,
      )
  }
  return names.length === 0 ? allRows : allRows.filter((row) => names.some((name) => bears(row, name)))
}

function bears(row: Row, name: string): boolean {
  return [wayOf(row), roleName(row.role), nameOf(row)].includes(name)
}

/** Such as `entra/issuer`. */
export function nameOf(row: Row): string {
  return `${wayOf(row)}/${roleName(row.role)}`
}

/** How people are signed in: as at a provider, or over SAML. */
export function wayOf({ provider, protocol }: Row): string {
  return protocol ?? provider
}

export function titleOf({ provider, protocol }: Row): string {
  return protocol === undefined ? providers[provider].title : 'SAML 2.0'
}

/** What the stack of a row trusts. */
export function trustOf({ provider, role, protocol }: Row): Trust {
  return { provider, issuer: role === 'issuer' ? 'provider' : 'keycloak', ...(protocol && { protocol }) }
}

function roleName(role: ProviderRole): string {
  return role.toLowerCase().replace(' ', '-')
}

export function providerOf({ provider }: Row): Provider {
  return providers[provider]
}

/** The limit that takes the place of a check, if the provider has one in this role. */
export function limitOf(row: Row, check: CheckName): Sourced | undefined {
  return row.role === 'issuer' ? providerOf(row).limitsAsIssuer[check] : undefined
}

export { type CheckName, checks }
