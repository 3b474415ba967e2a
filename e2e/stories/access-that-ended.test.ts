import { readFile } from 'node:fs/promises'
import { callWithToken, openServiceSession, sessionOf } from '@mcp-identity/local-stack/demo'
import { claimsOf, clientDisabled, doorsOf, openKeycloakAdministrator } from '@mcp-identity/local-stack/doors'
import { afterAll, afterEach, describe, expect, inject, it } from 'vitest'
import { refresh } from '../door-round.ts'

const stack = inject('stack')
const keycloak = openKeycloakAdministrator(stack)
const doors = new Map(doorsOf(stack).map((door) => [door.name, door]))
const username = 'dave'
const { mcp } = stack.urls

function doorOf(name: string) {
  const door = doors.get(name)
  if (door === undefined) throw new Error(`there is no door ${name}`)
  return door
}

/** Signs in with a client of her own, and calls once. */
async function signIn(who = username) {
  const session = sessionOf(stack, who)
  await session.callTool('whoami')
  return { session, accessToken: session.accessToken(), refreshToken: session.refreshToken() ?? '' }
}

const refused = (accessToken: string) =>
  expect.poll(async () => (await callWithToken(mcp, accessToken)).status, { timeout: 5_000, interval: 20 }).toBe(401)

describe('whoever is enabled again', () => {
  it.each(['corporate-idp-disable', 'scim-client', 'keycloak-disable'])(
    '%s: gets in anew, and the old access token stays refused',
    async (name) => {
      const door = doorOf(name)
      const old = await signIn()
      await door.open({ username, ...old })
      await refused(old.accessToken)
      await old.session.close()
      await door.restore({ username })
      const again = await signIn()
      expect((await callWithToken(mcp, again.accessToken)).status).toBe(200)
      expect((await callWithToken(mcp, old.accessToken)).status).toBe(401)
      await again.session.close()
    },
  )

  it('after the company disabled her, has no use for the old refresh token either', async () => {
    const door = doorOf('corporate-idp-disable')
    const old = await signIn()
    await old.session.close()
    await door.open({ username, ...old })
    await door.restore({ username })
    expect(await refresh(stack, old.refreshToken)).toBe('invalid_grant')
  })
})

it('a person who was deleted and comes back by the same name is another subject', async () => {
  const old = await signIn()
  await old.session.close()
  await keycloak.request('DELETE', `/users/${claimsOf(old.accessToken).sub}`)
  await refused(old.accessToken)
  const again = await signIn()
  expect(claimsOf(again.accessToken).sub).not.toBe(claimsOf(old.accessToken).sub)
  expect((await callWithToken(mcp, again.accessToken)).status).toBe(200)
  expect((await callWithToken(mcp, old.accessToken)).status).toBe(401)
  await again.session.close()
})

describe('a service, with no person behind it', () => {
  const { clientId, privateKeyFile } = stack.clients.service
  const door = clientDisabled(stack)
  afterEach(() => door.restore({ username: clientId }))

  it('is refused when its client is disabled, and gets no new token', async () => {
    const open = async () => {
      const service = openServiceSession({
        resource: mcp,
        clientId,
        privateKey: JSON.parse(await readFile(privateKeyFile, 'utf8')),
        issuer: stack.urls.issuer,
        scope: 'read:customers admin:reports',
      })
      await service.callTool('whoami')
      const accessToken = service.accessToken()
      await service.close()
      return accessToken
    }
    const accessToken = await open()
    await door.open({ username: clientId, accessToken })
    await refused(accessToken)
    await expect(open()).rejects.toThrow(/invalid client/i)
    await door.restore({ username: clientId })
    expect((await callWithToken(mcp, await open())).status).toBe(200)
    expect((await callWithToken(mcp, accessToken)).status).toBe(401)
  })
})

describe('an MCP client that is open meanwhile', () => {
  it('signs in anew by itself when the session was ended', async () => {
    const { session, accessToken, refreshToken } = await signIn()
    await doorOf('session-ended-by-administrator').open({ username, accessToken, refreshToken })
    await refused(accessToken)
    expect((await session.callTool('whoami')).isError).toBe(false)
    expect(session.accessToken()).not.toBe(accessToken)
    await session.close()
  })

  it('ends at the sign-in page when the person was disabled', async () => {
    const door = doorOf('corporate-idp-disable')
    const { session, accessToken, refreshToken } = await signIn()
    await door.open({ username, accessToken, refreshToken })
    await refused(accessToken)
    await expect(session.callTool('whoami')).rejects.toMatchObject({ name: 'SignInRefusedError' })
    await session.close()
    await door.restore({ username })
  })
})

describe('a flood of forged signals', () => {
  const door = doorOf('corporate-idp-disable')
  afterAll(() => door.restore({ username }))

  it('leaves good calls unharmed, and good signals too', { timeout: 60_000 }, async () => {
    const { session, accessToken, refreshToken } = await signIn()
    const other = await signIn('bob')
    let isOver = false
    const answers = new Map<number, number>()
    const flood = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const response = await fetch(new URL('/signals/ssf', mcp), {
          method: 'POST',
          headers: { 'content-type': 'application/secevent+jwt' },
          body: forged(stack.urls.corporateIdp),
        })
        await response.body?.cancel()
        answers.set(response.status, (answers.get(response.status) ?? 0) + 1)
      }
    })
    const statuses = new Set<number>()
    for (let call = 0; call < 100; call += 1) statuses.add((await callWithToken(mcp, other.accessToken)).status)
    const answeredAt = await door.open({ username, accessToken, refreshToken })
    await refused(accessToken)
    const milliseconds = Math.round(performance.now() - answeredAt)
    isOver = true
    await Promise.all(flood)
    expect([...statuses]).toEqual([200])
    expect((await callWithToken(mcp, other.accessToken)).status).toBe(200)
    expect([...answers.keys()].toSorted()).toEqual([400, 429])
    console.log(`refused ${milliseconds} ms after the answer; forged meanwhile: ${JSON.stringify([...answers])}`)
    await Promise.all([session.close(), other.session.close()])
  })
})

/** Well-formed, of the right issuer, about everybody's bob; only the signature is nobody's. */
function forged(issuer: string): string {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url')
  const claims = {
    iss: issuer,
    aud: mcp,
    iat: Math.floor(Date.now() / 1000),
    jti: crypto.randomUUID(),
    sub_id: { format: 'email', email: 'bob@company.com' },
    events: { 'https://schemas.openid.net/secevent/risc/event-type/account-disabled': {} },
  }
  return `${part({ alg: 'RS256', typ: 'secevent+jwt' })}.${part(claims)}.${Buffer.alloc(256, 1).toString('base64url')}`
}
