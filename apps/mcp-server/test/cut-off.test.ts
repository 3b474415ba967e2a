import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import { soon } from './fixtures/soon.ts'
import { startTestServer, type TestServer, toolCall } from './fixtures/test-server.ts'

let app: TestServer
const earlier = () => Math.floor(Date.now() / 1000) - 10

beforeAll(async () => {
  app = await startTestServer()
  await ready(app)
})
afterAll(() => app.stop())
beforeEach(() => app.setClock('2026-11-24T10:00:00+01:00'))

async function ready(server: TestServer): Promise<void> {
  await eventually(async () => expect((await server.get('/readyz')).status).toBe(200))
}

const whoami = (token: string) => app.post(token, toolCall('whoami'))
const status = async (token: string): Promise<number> => {
  const response = await whoami(token)
  await response.body?.cancel()
  return response.status
}

describe('a person who is disabled in Keycloak', () => {
  const disable = (subject: string) =>
    app.keycloak.adminEvent({
      operationType: 'UPDATE',
      resourceType: 'USER',
      resourcePath: `users/${subject}`,
      representation: '{"enabled":false}',
    })

  it('is refused with an unexpired token', async () => {
    const token = app.tokenOf('alice', { subject: 'leaver-1', issuedAt: earlier() })
    expect(await status(token)).toBe(200)
    disable('leaver-1')
    await app.keycloak.eventsTakenIn()
    expect(await status(token)).toBe(401)
  })

  it('is told to sign in again, not why', async () => {
    const token = app.tokenOf('alice', { subject: 'leaver-1', issuedAt: earlier() })
    const response = await whoami(token)
    const challenge = response.headers.get('www-authenticate') ?? ''
    expect(challenge).toMatch(/^Bearer .*error="invalid_token"/)
    expect(`${challenge}${await response.text()}`).not.toContain('disabled')
  })

  it('is on record, and so is the signal', async () => {
    await whoami(app.tokenOf('alice', { subject: 'leaver-1', issuedAt: earlier() }))
    await eventually(async () => {
      const lines = await app.auditLines()
      expect(lines).toContain('revocation received for leaver-1: account_disabled')
      expect(lines).toContain('alice@company.com (Engineering) was refused access: revoked')
    })
  })

  it('uses new tokens when enabled again, while the old ones stay refused', async () => {
    const old = app.tokenOf('alice', { subject: 'leaver-2', issuedAt: earlier() })
    disable('leaver-2')
    await app.keycloak.eventsTakenIn()
    expect(await status(old)).toBe(401)
    app.keycloak.adminEvent({
      operationType: 'UPDATE',
      resourceType: 'USER',
      resourcePath: 'users/leaver-2',
      representation: '{"enabled":true}',
    })
    const renewed = app.tokenOf('alice', { subject: 'leaver-2', issuedAt: Math.floor(Date.now() / 1000) + 3 })
    expect(await status(renewed)).toBe(200)
    expect(await status(old)).toBe(401)
  })
})

it('refuses the tokens of a session that ended, and no others', async () => {
  const ended = app.tokenOf('bob', { sessionId: 'session-a', issuedAt: earlier() })
  const other = app.tokenOf('bob', { sessionId: 'session-b', issuedAt: earlier() })
  app.keycloak.userEvent({ type: 'LOGOUT', userId: 'sub-bob', sessionId: 'session-a' })
  await app.keycloak.eventsTakenIn()
  expect(await status(ended)).toBe(401)
  expect(await status(other)).toBe(200)
})

describe('a person who leaves a group', () => {
  const leave = (subject: string) =>
    app.keycloak.adminEvent({
      operationType: 'DELETE',
      resourceType: 'GROUP_MEMBERSHIP',
      resourcePath: `users/${subject}/groups/g1`,
    })

  it('loses with the unexpired token what the group gave, and keeps the rest', async () => {
    const token = app.tokenOf('alice', { subject: 'mover-1', issuedAt: earlier() })
    expect((await app.call(token, 'update_customer', { id: 'cust_004', changes: { notes: 'x' } })).isError).toBe(false)
    app.keycloak.introspectAs('mover-1', { roles: ['read:customers'], groups: ['Customer Readers'] })
    leave('mover-1')
    await eventually(async () => {
      const update = app.call(token, 'update_customer', { id: 'cust_004', changes: { notes: 'y' } })
      await expect(update).rejects.toThrow('update_customer not found')
    })
    expect((await app.call(token, 'get_customer', { id: 'cust_004' })).isError).toBe(false)
  })

  it('is no longer shown what the group gave, and is not sent to step up for it, whenever her token was issued', async () => {
    const sameSecond = Math.floor(Date.now() / 1000)
    const token = app.tokenOf('alice', { subject: 'mover-4', issuedAt: sameSecond, scopes: ['read:customers'] })
    expect(await app.listTools(token)).toContain('update_customer')
    app.keycloak.introspectAs('mover-4', { roles: ['read:customers'], groups: ['Customer Readers'] })
    leave('mover-4')
    await eventually(async () => expect(await app.listTools(token)).not.toContain('update_customer'))
    const call = await app.post(token, toolCall('update_customer', { id: 'cust_004', changes: { notes: 'y' } }))
    expect(call.status).toBe(200)
    expect(await call.text()).toContain('update_customer not found')
  })
})

describe('a destructive tool', () => {
  it('asks the authorization server each time', async () => {
    const token = app.tokenOf('alice')
    const asked = app.keycloak.introspections
    await app.call(token, 'delete_customer', { id: 'cust_010' })
    await app.call(token, 'delete_customer', { id: 'cust_010' })
    expect(app.keycloak.introspections).toBe(asked + 2)
  })

  it('does nothing for a token that was ended there, and remembers it', async () => {
    const token = app.tokenOf('alice', { subject: 'ended-1' })
    app.keycloak.introspectAs('ended-1', 'inactive')
    const response = await app.post(token, toolCall('delete_customer', { id: 'cust_011' }))
    expect(response.status).toBe(401)
    expect(await status(token)).toBe(401)
    expect((await app.call(app.tokenOf('alice'), 'get_customer', { id: 'cust_011' })).structured).toMatchObject({
      customer: { status: expect.not.stringMatching('deleted') },
    })
  })
})

describe('an open audit stream', () => {
  it('is answered before there is anything to tell', async () => {
    const token = app.tokenOf('ivan')
    const { nextAfter } = JSON.parse(await (await app.get('/audit?limit=1', token)).text()) as { nextAfter: string }
    const opened = app.get(`/audit/stream?after=${nextAfter}&log=nothing-comes`, token)
    const response = await soon(opened, 'the answer')
    expect(response.status).toBe(200)
    await response.body?.cancel()
  })

  it('tells records as they come, and ends with the right to it', async () => {
    const token = app.tokenOf('ivan', { subject: 'auditor-1', issuedAt: earlier() })
    const response = await app.get('/audit/stream', token)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const text = collect(response)
    await app.call(app.tokenOf('anna'), 'get_customer', { id: 'cust_003' })
    await soon(text.contains('anna@company.com (Sales) called get_customer'), 'the call in the stream')
    app.keycloak.adminEvent({ operationType: 'ACTION', resourceType: 'USER', resourcePath: 'users/auditor-1/logout' })
    await app.keycloak.eventsTakenIn()
    await soon(text.ended, 'the end of the stream')
    expect(text.soFar()).toMatch(/event: end\ndata: \{"reason":"revoked"\}\n\n$/)
    await eventually(async () =>
      expect(await app.auditLines()).toContain('stream cut for ivan@company.com (IT): revoked'),
    )
  })
})

/** Reads a stream as it comes. */
function collect(response: Response) {
  let text = ''
  let came: () => void = () => undefined
  const ended = (async () => {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      came()
    }
  })()
  return {
    soFar: () => text,
    ended,
    contains: (part: string): Promise<void> =>
      new Promise((resolve) => {
        came = () => void (text.includes(part) && resolve())
        came()
      }),
  }
}

describe('when Keycloak does not answer', () => {
  let other: TestServer
  beforeAll(async () => {
    other = await startTestServer({ feedStalenessBoundMs: 1_000 })
    await ready(other)
  })
  afterAll(() => other.stop())

  it('answers 503 once the feed is stale, says so, and heals by itself', async () => {
    const token = other.tokenOf('alice')
    await eventually(async () => expect((await other.post(token, toolCall('whoami'))).status).toBe(200))
    other.keycloak.setDown(true)
    await eventually(async () => expect((await other.post(token, toolCall('whoami'))).status).toBe(503))
    const refused = await other.post(token, toolCall('whoami'))
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    const readiness = await other.get('/readyz')
    expect(readiness.status).toBe(503)
    expect(await readiness.text()).toContain('news from')
    other.keycloak.setDown(false)
    await eventually(async () => expect((await other.post(token, toolCall('whoami'))).status).toBe(200))
  })
})

it('refuses after a restart what was refused before, from the first call on', async () => {
  const first = await startTestServer()
  await ready(first)
  const token = first.tokenOf('alice', { subject: 'leaver-9', issuedAt: earlier() })
  first.keycloak.adminEvent({
    operationType: 'DELETE',
    resourceType: 'USER',
    resourcePath: 'users/leaver-9',
    representation: '{}',
  })
  await first.keycloak.eventsTakenIn()
  expect((await first.post(token, toolCall('whoami'))).status).toBe(401)
  await first.restart()
  expect((await first.post(token, toolCall('whoami'))).status).toBe(401)
  await first.stop()
})
