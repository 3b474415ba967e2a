import { Hono } from 'hono'
import { cors } from 'hono/cors'
import type { DoublePerson } from './people.ts'

/** The admin API of a corporate IdP: people, their groups, and the switch that ends their access. */
export function createDoubleCorporateIdp(options: {
  people: DoublePerson[]
  consoleOrigin(): string
  onChanged(person: DoublePerson): Promise<unknown>
}): Hono {
  const app = new Hono()
  app.use(cors({ origin: () => options.consoleOrigin(), allowMethods: ['GET', 'PATCH'] }))
  app.get('/healthz', (context) => context.json({ status: 'ok' }))
  app.get('/admin/groups', (context) => context.json({ groups: doubleGroups }))
  app.get('/admin/people', (context) => context.json({ people: options.people.map(represent) }))
  app.get('/admin/people/:username', (context) => {
    const person = options.people.find(({ username }) => username === context.req.param('username'))
    return person === undefined ? context.json({ error: 'not_found' }, 404) : context.json(represent(person))
  })
  app.patch('/admin/people/:username', async (context) => {
    const person = options.people.find(({ username }) => username === context.req.param('username'))
    if (person === undefined) return context.json({ error: 'not_found' }, 404)
    const change = (await context.req.json()) as { active?: boolean; groups?: string[] }
    person.isActive = change.active ?? person.isActive
    person.groups = change.groups ?? person.groups
    await options.onChanged(person)
    return context.json({
      ...represent(person),
      ms: 97,
      signals: change.active === undefined ? groupSignals : disableSignals,
    })
  })
  return app
}

const doubleGroups = [
  'Account Managers',
  'Administrators',
  'All Staff',
  'Customer Admins',
  'Customer Readers',
  'Data Analysts',
  'Directory Administrators',
  'Operations',
]

function represent({ username, name, email, department, zoneinfo, groups, isActive }: DoublePerson) {
  return { username, name, email, department, zoneinfo, country: 'US', groups, active: isActive }
}

const disableSignals = [
  { signal: 'scim_inactive', description: 'SCIM: active is false', state: 'done', attempts: 1, ms: 41 },
  {
    signal: 'backchannel_logout',
    description: 'back-channel logout, all sessions',
    state: 'done',
    attempts: 1,
    ms: 63,
  },
  { signal: 'admin_logout', description: 'logout that sets not-before', state: 'done', attempts: 1, ms: 94 },
]
const groupSignals = [
  { signal: 'scim_groups', description: 'SCIM: group memberships', state: 'done', attempts: 1, ms: 58 },
]
