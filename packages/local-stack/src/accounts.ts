import type { Account } from './stack-file.ts'

/** Reads the people who can sign in out of what the corporate IdP says when it is ready; none when it names nobody. */
export function readAccounts(announcement: unknown): Account[] {
  const accounts = isObject(announcement) && Array.isArray(announcement.accounts) ? announcement.accounts : []
  return accounts.filter(isAccount).map(({ username, password, groups }) => ({ username, password, groups }))
}

function isAccount(value: unknown): value is Account {
  return (
    isObject(value) &&
    typeof value.username === 'string' &&
    typeof value.password === 'string' &&
    Array.isArray(value.groups) &&
    value.groups.every((group) => typeof group === 'string')
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
