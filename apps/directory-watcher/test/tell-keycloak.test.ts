import type { DirectoryChange } from '@mcp-identity/active-directory'
import { describe, expect, it } from 'vitest'
import { tellKeycloak } from '../src/tell-keycloak.ts'

const issuer = 'https://sso.company.com/realms/company'
const anna: DirectoryChange = { kind: 'access_ended', id: 'guid-of-anna', username: 'anna', cause: 'disabled' }
const erin: DirectoryChange = {
  kind: 'permissions_changed',
  id: 'guid-of-erin',
  username: 'erin',
  cause: 'groups_changed',
}

/** Answers as Keycloak's token endpoint and admin API do, and keeps what was asked of the latter. */
function keycloakDouble(answers: Record<string, number> = {}) {
  const asked: string[] = []
  const people: Record<string, object[]> = {
    'LDAP_ID:guid-of-anna': [{ id: 'subject-of-anna', username: 'anna' }],
    'LDAP_ID:guid-of-erin': [{ id: 'subject-of-erin', username: 'erin' }],
  }
  const send: typeof fetch = async (input, init) => {
    const url = new URL(String(input))
    if (url.pathname.endsWith('/token')) return Response.json({ access_token: 'token', expires_in: 60 })
    const what = `${init?.method} ${url.pathname.replace('/admin/realms/company', '')}`
    asked.push(init?.body ? `${what} ${init.body}` : what)
    const status = answers[what] ?? 200
    return status === 200
      ? Response.json(people[url.searchParams.get('q') ?? ''] ?? [])
      : new Response(status === 204 ? null : 'no', { status })
  }
  const told: string[] = []
  const tell = tellKeycloak({
    keycloak: {
      issuer,
      adminBaseUrl: 'https://sso.company.com/admin/realms/company',
      clientId: 'c',
      clientSecret: 's',
    },
    onTold: ({ cause }, subject) => void told.push(`${subject} ${cause}`),
    fetch: send,
  })
  return { asked, told, tell }
}

describe('Keycloak', () => {
  it('ends the sessions of whose access has ended', async () => {
    const { asked, told, tell } = keycloakDouble()
    await tell([anna])
    expect(asked).toEqual(['GET /users', 'POST /users/subject-of-anna/logout'])
    expect(told).toEqual(['subject-of-anna disabled'])
  })

  it('deletes who was removed, so that her name is free for another person', async () => {
    const { asked, told, tell } = keycloakDouble({ 'DELETE /users/subject-of-anna': 204 })
    await tell([{ ...anna, cause: 'removed' }])
    expect(asked).toEqual(['GET /users', 'DELETE /users/subject-of-anna'])
    expect(told).toEqual(['subject-of-anna removed'])
  })

  it('writes whose permissions have changed as she is, so that an event says so', async () => {
    const { asked, tell } = keycloakDouble()
    await tell([erin])
    expect(asked).toEqual(['GET /users', 'PUT /users/subject-of-erin {"username":"erin"}'])
  })

  it('is told nothing of who never signed in', async () => {
    const { asked, told, tell } = keycloakDouble()
    await tell([{ ...anna, id: 'guid-of-nobody' }])
    expect(asked).toEqual(['GET /users'])
    expect(told).toEqual([])
  })

  it('does not know her any more: there is nothing left to end', async () => {
    const { tell } = keycloakDouble({ 'POST /users/subject-of-anna/logout': 404 })
    await expect(tell([anna])).resolves.toBeUndefined()
  })

  it.each([500, 403, 401])('does not take it with %i, and it is not taken as told', async (status) => {
    const { told, tell } = keycloakDouble({ 'POST /users/subject-of-anna/logout': status })
    await expect(tell([anna])).rejects.toThrow(`Keycloak answered ${status} to: end the sessions`)
    expect(told).toEqual([])
  })
})
