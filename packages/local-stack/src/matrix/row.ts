import type { ProviderName, ProviderRole, Sourced } from '@mcp-identity/provider-dialects'
import { type CheckName, checks, type Provider, providerNames, providers } from '@mcp-identity/provider-dialects'

/** One provider in one role. */
export interface Row {
  provider: ProviderName
  role: ProviderRole
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

/** Every provider in both roles. */
export const allRows: readonly Row[] = roles.flatMap((role) => order.map((provider) => ({ provider, role })))

/**
 * The rows that were asked for: a provider (`entra`), a role (`issuer`, `corporate-idp`) or both (`entra/issuer`).
 *
 * @throws {TypeError} Nothing bears this name; says what does.
 */
export function rowsNamed(names: readonly string[]): readonly Row[] {
  for (const name of names) {
    if (!allRows.some((row) => bears(row, name)))
      throw new TypeError(
        `no row is called ${name}: say a provider (${order.join(', ')}), a role (corporate-idp, issuer) or both, such as entra/issuer`,
      )
  }
  return names.length === 0 ? allRows : allRows.filter((row) => names.some((name) => bears(row, name)))
}

function bears(row: Row, name: string): boolean {
  return [row.provider, roleName(row.role), nameOf(row)].includes(name)
}

/** Such as `entra/issuer`. */
export function nameOf({ provider, role }: Row): string {
  return `${provider}/${roleName(role)}`
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
