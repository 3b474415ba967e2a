import { readFileSync } from 'node:fs'
import { openKeycloakAdministrator, openScimClient } from '@mcp-identity/local-stack/doors'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { type ScimState, type ScimSubjects, scimRequests, scimTable } from '../scim-requests.ts'

const stack = inject('stack')
const keycloak = openKeycloakAdministrator(stack)
const scim = openScimClient(stack, 'scim-dialects')
const username = 'scim@company.com'
const madeByRequests = ['scim.new@company.com']

let subjects: ScimSubjects
let groupsBefore: readonly string[]

async function read<Found>(path: string): Promise<Found> {
  return (await (await keycloak.request('GET', path)).json()) as Found
}

const groupsOfRealm = async () => (await read<{ id: string; name: string }[]>('/groups')) ?? []

beforeEach(async () => {
  const before = await groupsOfRealm()
  groupsBefore = before.map(({ name }) => name)
  const attributes = { department: ['Sales'] }
  const person = { username, email: username, firstName: 'Scim', lastName: 'Person', enabled: true, attributes }
  await keycloak.request('POST', '/users', person)
  await keycloak.request('POST', '/groups', { name: 'Made for SCIM' })
  subjects = {
    person: { id: (await keycloak.findPerson(username)) ?? '', username },
    group: {
      id: (await groupsOfRealm()).find(({ name }) => name === 'Made for SCIM')?.id ?? '',
      name: 'Made for SCIM',
    },
  }
})

afterEach(async () => {
  for (const name of [username, ...madeByRequests]) {
    const id = await keycloak.findPerson(name)
    if (id !== undefined) await keycloak.request('DELETE', `/users/${id}`)
  }
  for (const { id, name } of await groupsOfRealm())
    if (!groupsBefore.includes(name)) await keycloak.request('DELETE', `/groups/${id}`)
})

async function stateAfter(answer: ScimState['answer']): Promise<ScimState> {
  interface User {
    enabled: boolean
    email: string
    firstName: string
    attributes?: { department?: string[] }
  }
  const { id } = subjects.person
  const user = await read<User>(`/users/${id}`).catch(() => undefined)
  const memberships = user === undefined ? [] : await read<{ id: string }[]>(`/users/${id}/groups`)
  const groups = await groupsOfRealm()
  return {
    person: user && { ...user, department: user.attributes?.department?.[0] ?? '' },
    groupName: groups.find((group) => group.id === subjects.group.id)?.name,
    isMember: memberships.some((group) => group.id === subjects.group.id),
    newGroups: groups.flatMap(({ name }) => (groupsBefore.includes(name) ? [] : [name])),
    answer,
  }
}

describe.each(scimRequests)('$by, $to: $shown', (request) => {
  it(request.outcome, async () => {
    if (request.isMemberBefore)
      await keycloak.request('PUT', `/users/${subjects.person.id}/groups/${subjects.group.id}`)
    const response = await scim.request(request.method, request.path(subjects), request.body?.(subjects))
    const text = await response.text()
    const state = await stateAfter(text === '' ? {} : (JSON.parse(text) as ScimState['answer']))
    const seen = request.hasHappened(state, subjects)
    if (request.outcome === 'works') expect([response.ok, seen]).toEqual([true, true])
    else expect([response.status, seen]).toEqual([request.outcome === 'refused with 400' ? 400 : 200, false])
  })
})

it('the guide has each of these requests and its outcome', () => {
  const guide = readFileSync(new URL('../../docs/providers/scim.md', import.meta.url), 'utf8')
  expect(guide).toContain(scimTable())
})
