import { callWithToken, openCorporateDirectory, sessionOf } from '@mcp-identity/local-stack/demo'
import { openKeycloakAdministrator } from '@mcp-identity/local-stack/doors'
import { afterAll, afterEach, describe, expect, inject, it } from 'vitest'
import { claimsOf, signIn, tokensOf } from '../interactive-client.ts'

const stack = inject('stack')
const keycloak = openKeycloakAdministrator(stack)
const directory = openCorporateDirectory(stack.urls.corporateIdp, stack.clients.directoryAdmin.secret)
const { mcp } = stack.urls
const request = {
  clientId: stack.clients.cli.clientId,
  redirectUri: 'http://127.0.0.1:53011/callback',
  scope: 'openid read:customers',
}
const zoe = {
  username: 'zoe',
  subject: 'emp-2000',
  givenName: 'Zoe',
  familyName: 'Quinn',
  email: 'zoe@company.com',
  department: 'Sales',
  zoneinfo: 'Europe/Paris',
  country: 'FR',
  groups: ['Customer Readers'],
  password: 'zoe-at-company',
}
/** The stack as her colleagues know it, with her in it. */
const withZoe = { ...stack, accounts: [...stack.accounts, { ...zoe, groups: zoe.groups }] }

async function read<Found>(path: string): Promise<Found> {
  return (await (await keycloak.request('GET', path)).json()) as Found
}

async function ask(method: 'POST' | 'DELETE', path: string, body?: object): Promise<number> {
  const response = await fetch(`${stack.urls.corporateIdp}/admin${path}`, {
    method,
    headers: { authorization: `Bearer ${stack.clients.directoryAdmin.secret}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  await response.body?.cancel()
  return response.status
}

const groupNamesOf = async (id: string) =>
  (await read<{ name: string }[]>(`/users/${id}/groups`)).map(({ name }) => name).sort()

async function idOfGroup(name: string): Promise<string> {
  const [group] = await read<{ id: string }[]>(`/groups?exact=true&search=${encodeURIComponent(name)}`)
  return group?.id ?? ''
}

afterAll(() => directory.close())

it('who begins has an account with her groups before she signs in; who has gone has none, and her token ends', async () => {
  expect(await ask('POST', '/people', zoe)).toBe(201)
  await directory.settle('zoe')
  const id = (await keycloak.findPerson('zoe')) ?? ''
  expect(await groupNamesOf(id)).toEqual(['All Staff', 'Customer Readers'])
  const { tokens } = await tokensOf(withZoe, 'zoe', request)
  expect(claimsOf(tokens.access_token)).toMatchObject({
    sub: id,
    email: 'zoe@company.com',
    scope: expect.stringContaining('read:customers'),
  })
  expect(await ask('DELETE', '/people/zoe')).toBe(200)
  await expect.poll(async () => (await callWithToken(mcp, tokens.access_token)).status, { interval: 20 }).toBe(401)
  await expect.poll(() => keycloak.findPerson('zoe'), { timeout: 5_000 }).toBeUndefined()
  expect(await signIn(withZoe, 'zoe', request)).toMatchObject({ outcome: 'page' })
})

describe('the full compare', () => {
  afterEach(async () => {
    await directory.reconcile({ dryRun: false })
  })

  it('finds what was changed in Keycloak behind the directory’s back, and mends it', async () => {
    const people = ['alice', 'anna', 'bob', 'dave']
    // Provisioning may put nobody into the group of ivan: his sign-in does.
    for (const username of [...people, 'ivan']) {
      const session = sessionOf(stack, username)
      await session.callTool('whoami')
      await session.close()
    }
    await directory.reconcile({ dryRun: false })
    const [alice, anna, bob, dave] = await Promise.all(
      people.map(async (name) => (await keycloak.findPerson(name)) ?? ''),
    )
    const administrators = await idOfGroup('Administrators')
    const operations = await idOfGroup('Operations')
    await keycloak.request('PUT', `/users/${alice}`, { ...(await read<object>(`/users/${alice}`)), enabled: false })
    await keycloak.request('PUT', `/users/${anna}/groups/${administrators}`)
    await keycloak.request('DELETE', `/users/${dave}/groups/${operations}`)
    await keycloak.request('PUT', `/users/${bob}`, { ...(await read<object>(`/users/${bob}`)), firstName: 'Rob' })

    const found = await directory.reconcile({ dryRun: true })
    expect(found.drift.map(({ kind, username, state }) => `${kind} ${username} ${state}`).sort()).toEqual([
      'active_here_only alice found',
      'group_missing dave found',
      'group_too_many anna found',
      'profile bob found',
    ])
    const mended = await directory.reconcile({ dryRun: false })
    expect(new Set(mended.drift.map(({ state }) => state))).toEqual(new Set(['mended']))
    expect((await directory.reconcile({ dryRun: true })).drift).toEqual([])
    expect(await groupNamesOf(anna ?? '')).toEqual(['All Staff', 'Customer Readers'])
    expect(await groupNamesOf(dave ?? '')).toEqual(['All Staff', 'Operations'])
    expect(await read(`/users/${alice}`)).toMatchObject({ enabled: true })
    expect(await read(`/users/${bob}`)).toMatchObject({ firstName: 'Bob' })
  })
})
