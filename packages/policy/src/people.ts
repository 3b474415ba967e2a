import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { PolicyCaller } from './caller.ts'

const person = z.strictObject({
  kind: z.enum(['person', 'service', 'agent']),
  clientId: z.string().default('mcp-cli'),
  department: z.string().optional(),
  /** Left out: unknown. */
  groups: z.array(z.string()).optional(),
  roles: z.array(z.string()).default([]),
  scopes: z.array(z.string()),
  zoneinfo: z.string().optional(),
  country: z.string().optional(),
})
const peopleFile = z.record(z.string(), person)

/** People and services by name, for policy tests and what-if questions. */
export type PeopleFile = ReadonlyMap<string, PolicyCaller>

/**
 * Reads a file of people and services. Their subject is their name.
 *
 * @throws {TypeError} The file is missing or malformed.
 */
export function readPeople(path: string | URL): PeopleFile {
  const parsed = peopleFile.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  if (!parsed.success) throw new TypeError(`${String(path)}: ${z.prettifyError(parsed.error)}`)
  const people = Object.entries(parsed.data).map(([name, caller]) => {
    const email = caller.kind === 'person' ? { email: `${name}@company.com` } : {}
    return [
      name,
      { issuer: 'https://sso.company.com/realms/company', subject: name, name, ...email, ...caller },
    ] as const
  })
  return new Map(people)
}
