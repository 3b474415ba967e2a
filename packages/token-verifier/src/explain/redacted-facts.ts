import type { Claims } from '../verified-access-token.ts'
import type { Fact } from './explanation.ts'

/** Claims that say how a token was made and for whom it is, and nothing about the person. */
const shown = new Set([
  'iss',
  'aud',
  'azp',
  'client_id',
  'cid',
  'appid',
  'scope',
  'scp',
  'typ',
  'token_use',
  'ver',
  'acr',
  'gty',
  'idtyp',
  'apptype',
])

const times = new Set(['exp', 'iat', 'nbf', 'auth_time'])

/** Longest value that is shown, in characters. */
const maxValueLength = 200

/**
 * Describes the members of a header or payload. Values that say who somebody is are left out: what remains is their
 * type and size.
 *
 * @param now Seconds since the epoch.
 */
export function redactedFacts(members: Claims, now: number): readonly Fact[] {
  return Object.entries(members).map(([name, value]) => ({ name: printable(name), value: describe(name, value, now) }))
}

/** Header members of which the value is shown. */
export function redactedHeader({ alg, kid, typ, ...others }: Claims): readonly Fact[] {
  const named = Object.entries({ alg, kid, typ }).filter(([, value]) => value !== undefined)
  return [
    ...named.map(([name, value]) => ({ name: `header ${name}`, value: printable(String(value)) })),
    ...Object.entries(others).map(([name, value]) => ({ name: `header ${printable(name)}`, value: shapeOf(value) })),
  ]
}

function describe(name: string, value: unknown, now: number): string {
  if (times.has(name) && typeof value === 'number') return describeTime(value, now)
  return shown.has(name) ? printable(typeof value === 'string' ? value : JSON.stringify(value)) : shapeOf(value)
}

function describeTime(seconds: number, now: number): string {
  const date = new Date(seconds * 1000)
  const instant = Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString()
  const difference = Math.round(seconds - now)
  return `${instant} (${difference < 0 ? `${-difference} s ago` : `in ${difference} s`})`
}

function shapeOf(value: unknown): string {
  if (typeof value === 'string') return `a text of ${value.length} characters`
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return `an object with ${Object.keys(value).length} members`
  return value === null ? 'null' : `a ${typeof value}`
}

/** Nothing that a terminal or a log would obey, and not endless. */
function printable(text: string): string {
  const plain = text.replace(/[\p{C}\u2028\u2029]/gu, '?')
  return plain.length > maxValueLength ? `${plain.slice(0, maxValueLength)}…` : plain
}
