import { z } from 'zod'
import type { NewPerson, PersonChange, Profile } from '../directory/person.ts'

export interface Problem {
  member: string
  message: string
}

export type ReadChange = { outcome: 'change'; change: PersonChange } | { outcome: 'refused'; problems: Problem[] }
export type ReadNewPerson =
  | { outcome: 'new'; person: NewPerson; password: string }
  | { outcome: 'refused'; problems: Problem[] }

const text = (most: number) => z.string('must be a text').trim().min(1, 'must not be empty').max(most)
const profile = {
  givenName: text(255),
  familyName: text(255),
  email: z.email('must be an e-mail address').max(255),
  department: text(255),
  zoneinfo: z.string().refine(isTimeZone, 'must be an IANA time zone, such as Europe/Berlin'),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be two capital letters (ISO 3166-1 alpha-2)'),
}
const password = z.string('must be a text').min(12, 'must have at least 12 characters').max(200)
const mostGroupsAtOnce = 1_000
const groupsOf = (knownGroups: readonly string[]) => {
  const group = z.string().refine((name) => knownGroups.includes(name), {
    error: ({ input }) => `there is no group ${JSON.stringify(input)}; known groups: ${knownGroups.join(', ')}`,
  })
  return z.array(group, 'must be a list of group names').max(mostGroupsAtOnce)
}
const notAnObject = {
  error: (issue: { code?: string }) => (issue.code === 'invalid_type' ? 'must be an object' : undefined),
}

/** Reads the body of `PATCH /admin/people/{username}`: `active`, `groups`, `password`, members of the profile, or several. */
export function readPersonChange(body: string, knownGroups: readonly string[]): ReadChange {
  const schema = z
    .strictObject(
      {
        active: z.boolean('must be true or false, without quotes').optional(),
        groups: groupsOf(knownGroups).optional(),
        password: password.optional(),
        ...z.object(profile).partial().shape,
      },
      notAnObject,
    )
    .refine(
      (change) => Object.values(change).some((value) => value !== undefined),
      'must hold "active", "groups" or "password", or a member of the profile',
    )
  const change = read(schema, body)
  if (!change.success) return { outcome: 'refused', problems: problemsOf(change.error) }
  const { active, groups, password: newPassword, ...rest } = change.data
  const changed = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return {
    outcome: 'change',
    change: {
      ...(active === undefined ? {} : { active }),
      ...(groups === undefined ? {} : { groups }),
      ...(newPassword === undefined ? {} : { password: newPassword }),
      ...(Object.keys(changed).length === 0 ? {} : { profile: changed as Partial<Profile> }),
    },
  }
}

/** Reads the body of `POST /admin/people`: everything about somebody, with a first password. */
export function readNewPerson(body: string, knownGroups: readonly string[]): ReadNewPerson {
  const schema = z.strictObject(
    {
      username: z.string('must be a text').regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be lower-case, without spaces'),
      subject: text(200),
      ...profile,
      groups: groupsOf(knownGroups).default([]),
      password,
    },
    notAnObject,
  )
  const found = read(schema, body)
  if (!found.success) return { outcome: 'refused', problems: problemsOf(found.error) }
  const { password: first, ...person } = found.data
  return { outcome: 'new', person, password: first }
}

const reconciliation = z.strictObject(
  {
    dryRun: z.boolean('must be true or false').default(true),
    link: z.array(z.string()).default([]),
    mostRemovals: z.number().int().min(0).max(100_000).default(10),
  },
  notAnObject,
)

/** Reads the body of `POST /admin/reconciliation`. Without `"dryRun": false` it changes nothing. */
export function readReconciliation(body: string) {
  const options = read(reconciliation, body)
  return options.success
    ? { outcome: 'options' as const, options: options.data }
    : { outcome: 'refused' as const, problems: problemsOf(options.error) }
}

const newGroups = z.strictObject(
  { groups: z.array(z.string().trim().min(1).max(100), 'must be a list of names').min(1).max(mostGroupsAtOnce) },
  notAnObject,
)

/** Reads the body of `POST /admin/groups`. */
export function readGroups(body: string) {
  const groups = read(newGroups, body)
  return groups.success
    ? { outcome: 'groups' as const, groups: groups.data.groups }
    : { outcome: 'refused' as const, problems: problemsOf(groups.error) }
}

/** A body that is JSON and fits. */
function read<Schema extends z.ZodType>(schema: Schema, body: string) {
  return z.string().transform(parse).pipe(schema).safeParse(body)
}

function parse(body: string, context: z.core.$RefinementCtx<string>): unknown {
  try {
    return JSON.parse(body)
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON', input: body })
    return z.NEVER
  }
}

function problemsOf({ issues }: z.ZodError): Problem[] {
  return issues.map(({ path, message }) => ({ member: path.join('.'), message }))
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
