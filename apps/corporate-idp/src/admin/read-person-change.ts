import { z } from 'zod'
import type { PersonChange } from '../directory/person.ts'

export type ReadChange =
  | { outcome: 'change'; change: PersonChange }
  | { outcome: 'refused'; problems: { member: string; message: string }[] }

/** Reads the body of `PATCH /admin/people/{username}`: `active`, `groups`, `password` or several of them. */
export function readPersonChange(body: string, knownGroups: readonly string[]): ReadChange {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return { outcome: 'refused', problems: [{ member: '', message: 'must be JSON' }] }
  }
  const group = z.string().refine((name) => knownGroups.includes(name), {
    error: ({ input }) => `there is no group ${JSON.stringify(input)}; known groups: ${knownGroups.join(', ')}`,
  })
  const read = z
    .strictObject(
      {
        active: z.boolean('must be true or false, without quotes').optional(),
        groups: z.array(group, 'must be a list of group names').max(200).optional(),
        password: z.string('must be a text').min(12, 'must have at least 12 characters').max(200).optional(),
      },
      { error: (issue) => (issue.code === 'invalid_type' ? 'must be an object' : undefined) },
    )
    .refine(
      (change) => Object.values(change).some((value) => value !== undefined),
      'must hold "active", "groups" or "password"',
    )
    .safeParse(json)
  if (!read.success) {
    const problems = read.error.issues.map(({ path, message }) => ({ member: path.join('.'), message }))
    return { outcome: 'refused', problems }
  }
  const { active, groups, password } = read.data
  return {
    outcome: 'change',
    change: {
      ...(active === undefined ? {} : { active }),
      ...(groups === undefined ? {} : { groups }),
      ...(password === undefined ? {} : { password }),
    },
  }
}
