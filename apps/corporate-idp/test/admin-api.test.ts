import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Company, developmentSecret, fetchKeySet, startCompany } from './support/company.ts'

/** Members that the tests read; which of them are there depends on the answer. */
interface AdminAnswer {
  people: { username: string }[]
  groups: string[]
  active: boolean
  signals: { signal: string }[]
  problems: { message: string }[]
  detail: string
}

let company: Company

beforeAll(async () => {
  company = await startCompany()
  company.keycloak.trustIdp(await fetchKeySet(company.issuer))
})
afterAll(() => company.stop())

async function call(path: string, { bearer = developmentSecret, ...init }: RequestInit & { bearer?: string } = {}) {
  const response = await fetch(`${company.issuer}/admin${path}`, {
    ...init,
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', ...(init.headers as object) },
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as AdminAnswer }
}

const patch = (username: string, body: unknown, bearer?: string) =>
  call(`/people/${username}`, {
    method: 'PATCH',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(bearer === undefined ? {} : { bearer }),
  })

const mint = (change: Record<string, unknown> = {}) =>
  company.keycloak.mintAccessToken({
    sub: 'f3a1',
    aud: `${company.issuer}/admin`,
    scope: 'openid directory:admin',
    preferred_username: 'ivan',
    resource_access: { [`${company.issuer}/admin`]: { roles: ['directory:admin'] } },
    ...change,
  })

describe('reading', () => {
  it('lists everybody with department, groups and state', async () => {
    const { status, body } = await call('/people')
    expect(status).toBe(200)
    expect(body.people.map(({ username }) => username)).toEqual([
      'alice',
      'anna',
      'bob',
      'carol',
      'dave',
      'erin',
      'ivan',
    ])
    expect(body.people[0]).toEqual({
      username: 'alice',
      subject: 'emp-1001',
      name: 'Alice Moreau',
      email: 'alice@company.com',
      department: 'Engineering',
      zoneinfo: 'America/New_York',
      country: 'US',
      groups: ['All Staff', 'Customer Admins'],
      active: true,
    })
  })

  it('shows one person with the signals that are pending', async () => {
    expect((await call('/people/carol')).body).toMatchObject({ username: 'carol', signals: [] })
  })

  it('lists the groups', async () => {
    expect((await call('/groups')).body.groups).toContain('Data Analysts')
  })
})

describe('changing', () => {
  it('disables and enables, and says what became of each signal and how long it took', async () => {
    const { status, body } = await patch('alice', { active: false })
    expect(status).toBe(200)
    expect(body).toMatchObject({ username: 'alice', active: false })
    expect(body.signals).toEqual([
      expect.objectContaining({ signal: 'scim_inactive', state: 'done', attempts: 1, ms: expect.any(Number) }),
      expect.objectContaining({ signal: 'backchannel_logout', state: 'done' }),
      expect.objectContaining({ signal: 'admin_logout', state: 'done' }),
      expect.objectContaining({ signal: 'resource_server_logout', state: 'done' }),
    ])
    expect((await patch('alice', { active: true })).body.active).toBe(true)
  })

  it('replaces the groups; everybody stays in All Staff', async () => {
    const { body } = await patch('erin', { groups: ['Data Analysts'] })
    expect(body.groups).toEqual(['All Staff', 'Data Analysts'])
    expect((await patch('erin', { groups: [] })).body.groups).toEqual(['All Staff'])
  })

  it.each([
    ['not JSON', '{', 'must be JSON'],
    ['nothing to change', {}, 'must hold "active", "groups" or "password"'],
    ['a boolean in quotes', { active: 'False' }, 'must be true or false, without quotes'],
    ['an unknown group', { groups: ['Root'] }, 'there is no group "Root"; known groups: Account Managers,'],
    ['groups that are no list', { groups: 'Operations' }, 'must be a list of group names'],
    ['an unknown member', { active: true, admin: true }, 'Unrecognized key: "admin"'],
    ['a short password', { password: 'elevenchars' }, 'must have at least 12 characters'],
    ['a list', [], 'must be an object'],
  ])('is refused, with the member and the reason: %s', async (_title, body, message) => {
    const answer = await patch('erin', body)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.body).toMatchObject({ title: 'This change is not possible', status: 400 })
    expect(answer.body.problems.map(({ message }) => message).join('\n')).toContain(message)
  })

  it.each([
    ['somebody unknown', () => patch('mallory', { active: false }), 404],
    ['a path that does not exist', () => call('/nothing'), 404],
    ['a broken escape', () => call('/people/%E0%A4%A'), 404],
    ['a method that does not fit', () => call('/people/erin', { method: 'PUT' }), 405],
    [
      'another media type',
      () => call('/people/erin', { method: 'PATCH', body: 'x', headers: { 'content-type': 'text/plain' } }),
      415,
    ],
    ['too much', () => patch('erin', { groups: ['x'.repeat(17_000)] }), 413],
  ])('is refused: %s', async (_title, send, status) => {
    const answer = await send()
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ status })
  })
})

describe('access', () => {
  it('is open to a directory administrator with a token for this API', async () => {
    expect((await call('/people', { bearer: await mint() })).status).toBe(200)
  })

  it.each<[string, Record<string, unknown>, number, string]>([
    ['a token for the MCP server', { aud: 'http://localhost:8481/mcp' }, 401, 'audience_mismatch'],
    ['a token without the scope', { scope: 'openid' }, 403, 'needs directory:admin'],
    ['a token without the role', { resource_access: {} }, 403, 'needs directory:admin'],
    [
      'somebody who is no administrator in the directory',
      { preferred_username: 'anna' },
      401,
      'no longer a directory administrator',
    ],
    ['an ID token', { typ: 'ID' }, 401, 'not_an_access_token'],
  ])('is refused: %s', async (_title, change, status, detail) => {
    const answer = await call('/people', { bearer: await mint(change) })
    expect(answer.status).toBe(status)
    expect(answer.body.detail).toBe(detail)
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="company directory", error="/)
  })

  it('ends at once for an administrator who is disabled, although the token has not expired', async () => {
    const bearer = await mint()
    await patch('ivan', { active: false })
    expect((await call('/people', { bearer })).status).toBe(401)
    await patch('ivan', { active: true })
  })

  it('needs credentials', async () => {
    const response = await fetch(`${company.issuer}/admin/people`)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="company directory"')
  })

  it('refuses other schemes and wrong secrets', async () => {
    const basic = await fetch(`${company.issuer}/admin/people`, { headers: { authorization: 'Basic eDp5' } })
    expect(basic.status).toBe(400)
    expect((await call('/people', { bearer: `${developmentSecret}x` })).status).toBe(401)
  })

  it('is open to pages of the console and of nobody else', async () => {
    const preflight = (origin: string) =>
      fetch(`${company.issuer}/admin/people`, { method: 'OPTIONS', headers: { origin } })
    expect((await preflight('http://localhost:8480')).headers.get('access-control-allow-origin')).toBe(
      'http://localhost:8480',
    )
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
  })
})

it('reports its health without credentials', async () => {
  const response = await fetch(`${company.issuer}/healthz`)
  expect(await response.json()).toEqual({ status: 'ok', pendingSignals: expect.any(Number) })
})
