import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type BrokeredSubjects, brokeredSubjects } from '../../src/keycloak/brokered-subjects.ts'

const issuer = 'https://sso.company.com/realms/company'
const people: Record<string, string> = { 'kc-alice': 'idp-alice', 'kc-anna': 'idp-anna' }
let requests: string[]
let isDown: boolean
let subjects: BrokeredSubjects

const answer = async (input: string | URL | Request): Promise<Response> => {
  const url = new URL(String(input))
  if (isDown) throw new TypeError('fetch failed')
  if (url.pathname.endsWith('/token')) return Response.json({ access_token: 't', expires_in: 300 })
  requests.push(`${url.pathname}${url.search}`)
  const wanted = url.searchParams.get('idpUserId')
  if (wanted !== null) {
    return Response.json(Object.entries(people).flatMap(([id, idp]) => (idp === wanted ? [{ id }] : [])))
  }
  const id = url.pathname.split('/').at(-2) ?? ''
  const local = { identityProvider: 'other', userId: 'x', userName: 'x' }
  return Response.json(id in people ? [local, { identityProvider: 'corporate', userId: people[id], userName: id }] : [])
}

beforeEach(() => {
  requests = []
  isDown = false
  subjects = brokeredSubjects({
    issuer,
    identityProvider: 'corporate',
    clientId: 'c',
    clientSecret: 's',
    fetch: answer,
  })
})

it('finds whom Keycloak means by a subject of the identity provider', async () => {
  expect(await subjects.resolve('idp-alice')).toEqual([{ issuer, subject: 'kc-alice' }])
  expect(await subjects.resolve('idp-stranger')).toEqual([])
  expect(requests[0]).toBe(
    '/admin/realms/company/users?idpAlias=corporate&idpUserId=idp-alice&briefRepresentation=true&max=10',
  )
})

describe('recall', () => {
  it('knows whom it was asked about before, and nobody else', async () => {
    await subjects.resolve('idp-alice')
    expect(subjects.recall('idp-alice')).toEqual([{ issuer, subject: 'kc-alice' }])
    expect(subjects.recall('idp-anna')).toEqual([])
  })

  it('knows whoever called, without being asked about them', async () => {
    subjects.learn('kc-anna')
    await vi.waitFor(() => expect(subjects.recall('idp-anna')).toEqual([{ issuer, subject: 'kc-anna' }]))
  })

  it('keeps both subjects of a person who was deleted and made again', async () => {
    await subjects.resolve('idp-alice')
    people['kc-alice-2'] = 'idp-alice'
    subjects.learn('kc-alice-2')
    await vi.waitFor(() => expect(subjects.recall('idp-alice')).toHaveLength(2))
    delete people['kc-alice-2']
  })
})

describe('learning', () => {
  it('asks once for each person, also for those who are no people', async () => {
    subjects.learn('kc-anna')
    subjects.learn('service-account')
    await vi.waitFor(() => expect(requests).toHaveLength(2))
    await new Promise((resolve) => setImmediate(resolve))
    for (let i = 0; i < 5; i++) {
      subjects.learn('kc-anna')
      subjects.learn('service-account')
    }
    expect(requests).toHaveLength(2)
  })

  it('does no harm while Keycloak is down, and is made up for', async () => {
    isDown = true
    subjects.learn('kc-anna')
    await new Promise((resolve) => setImmediate(resolve))
    isDown = false
    await vi.waitFor(() => {
      subjects.learn('kc-anna')
      expect(subjects.recall('idp-anna')).toHaveLength(1)
    })
  })
})
