import { refuse } from './token-error.ts'
import type { Claims } from './verified-access-token.ts'

/** The value of the first of these claims that is present, if it is a string. */
export function readString(claims: Claims, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = claims[name]
    if (typeof value === 'string') return value
  }
  return undefined
}

/** The strings of a claim that is a list. Absent: none. */
export function readStrings(claims: Claims, name: string): readonly string[] {
  const value = claims[name]
  if (value === undefined) return []
  return isStrings(value) ? value : refuse('claim_invalid', `"${name}" must be a list of strings`)
}

/** The strings of a claim that is written bare when it is only one. Absent: none. */
export function readStringOrStrings(claims: Claims, name: string): readonly string[] {
  const value = claims[name]
  return typeof value === 'string' ? [value] : readStrings(claims, name)
}

export function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isStrings(value: unknown): value is readonly string[] {
  if (!Array.isArray(value)) return false
  for (const item of value) if (typeof item !== 'string') return false
  return true
}
