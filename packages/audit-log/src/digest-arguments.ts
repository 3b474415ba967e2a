import { hash } from 'node:crypto'

/** SHA-256 over a tool's arguments as JSON with sorted members: `sha256:` and base64url. Says what was asked without repeating it. */
export function digestArguments(value: unknown): string {
  return `sha256:${hash('sha256', JSON.stringify(sorted(value)) ?? 'null', 'base64url')}`
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]))
}
