import { callWithToken, timeToRefusal } from '@mcp-identity/local-stack/demo'
import { openKeycloakAdministrator } from '@mcp-identity/local-stack/doors'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { accountsOf, acquiredAlias, startAcquiredCompany } from '../acquired-company.ts'
import { refresh } from '../door-round.ts'
import { claimsOf, signIn, tokensOf } from '../interactive-client.ts'

const stack = inject('stack')
const keycloak = openKeycloakAdministrator(stack)
const { mcp } = stack.urls
const request = {
  clientId: stack.clients.cli.clientId,
  redirectUri: 'http://127.0.0.1:53011/callback',
  scope: 'openid read:customers write:own-data write:customers',
}
const viaAcquired = { ...request, idpHint: acquiredAlias }

let acquired: Awaited<ReturnType<typeof startAcquiredCompany>>

beforeAll(async () => {
  acquired = await startAcquiredCompany(stack)
})
afterAll(() => acquired.stop())

describe('the same e-mail address at two companies', () => {
  it('is refused to whoever comes second, and joins nobody to the account of the first', async () => {
    const { tokens } = await tokensOf(stack, 'alice', request)
    const outcome = await signIn(stack, 'alice', viaAcquired)
    expect(outcome).toMatchObject({ outcome: 'page', text: expect.stringMatching(/already exists/i) })
    expect(await accountsOf(stack)).toEqual([])
    expect((await callWithToken(mcp, tokens.access_token)).status).toBe(200)
  })

  it('is refused as well when the acquired company was first', async () => {
    const bob = await keycloak.findPerson('bob')
    if (bob !== undefined) await keycloak.request('DELETE', `/users/${bob}`)
    await tokensOf(stack, 'bob', viaAcquired)
    expect(await signIn(stack, 'bob', request)).toMatchObject({ outcome: 'page' })
    const [account] = await accountsOf(stack)
    expect(account).toMatchObject({ username: 'acquired.bob', email: 'bob@company.com' })
    await keycloak.request('DELETE', `/users/${account?.id}`)
    expect(await signIn(stack, 'bob', request)).toMatchObject({ outcome: 'signed in' })
  })
})

describe('namesakes', () => {
  beforeAll(() => acquired.change('alice', { email: 'alice@acquired.example' }))

  it('are two people, with the groups that the realm gives each', async () => {
    const [ours, theirs] = await Promise.all([tokensOf(stack, 'alice', request), tokensOf(stack, 'alice', viaAcquired)])
    expect(claimsOf(ours.tokens.access_token)).toMatchObject({
      preferred_username: 'alice',
      email: 'alice@company.com',
      idp: stack.urls.corporateIdp,
      groups: ['All Staff', 'Customer Admins'],
      scope: expect.stringContaining('write:customers'),
    })
    expect(claimsOf(theirs.tokens.access_token)).toMatchObject({
      preferred_username: 'acquired.alice',
      email: 'alice@acquired.example',
      idp: acquired.issuer,
      groups: ['All Staff', 'Customer Readers'],
      scope: expect.not.stringContaining('write'),
    })
    expect(claimsOf(ours.tokens.access_token).sub).not.toBe(claimsOf(theirs.tokens.access_token).sub)
  })

  it('are told apart in the audit log by the company that signed each in', async () => {
    for (const asked of [request, viaAcquired]) {
      const { tokens } = await tokensOf(stack, 'alice', asked)
      await callWithToken(mcp, tokens.access_token)
    }
    const auditor = await tokensOf(stack, 'ivan', { ...request, scope: 'openid admin:reports' })
    const headers = { authorization: `Bearer ${auditor.tokens.access_token}` }
    const answer = await fetch(new URL('/audit?limit=20', mcp), { headers })
    const { records } = (await answer.json()) as { records: { event: Record<string, unknown> }[] }
    const seen = records.map(({ event }) => `${event.email} by ${event.identityProvider}`)
    expect(seen).toContain(`alice@company.com by ${stack.urls.corporateIdp}`)
    expect(seen).toContain(`alice@acquired.example by ${acquired.issuer}`)
  })

  it('end one by one: who is disabled at one company is refused, her namesake at the other is not', async () => {
    const ours = (await tokensOf(stack, 'alice', request)).tokens
    const theirs = (await tokensOf(stack, 'alice', viaAcquired)).tokens
    const { milliseconds } = await timeToRefusal(mcp, theirs.access_token, () => acquired.directory.disable('alice'))
    expect(milliseconds).toBeLessThan(1_000)
    expect(await refresh(stack, theirs.refresh_token)).toBe('invalid_grant')
    expect((await callWithToken(mcp, ours.access_token)).status).toBe(200)
    expect(await refresh(stack, ours.refresh_token)).toBeUndefined()
    await acquired.directory.enable('alice')
  })
})

it('a claim that the realm requires keeps out whose value only resembles it', async () => {
  const required = (value: string) =>
    acquired.changeBroker({ filteredByClaim: 'true', claimFilterName: 'nickname', claimFilterValue: value })
  await acquired.change('erin', { email: 'erin@acquired.example' })
  await required('er\\.n')
  expect(await signIn(stack, 'erin', viaAcquired)).toMatchObject({ outcome: 'page' })
  await required('erin')
  expect(await signIn(stack, 'erin', viaAcquired)).toMatchObject({ outcome: 'signed in' })
  await acquired.changeBroker({ filteredByClaim: 'false' })
})

it('an administrator links two accounts on purpose, and then they are one person', async () => {
  const { sub } = claimsOf((await tokensOf(stack, 'dave', request)).tokens.access_token)
  expect(await signIn(stack, 'dave', viaAcquired)).toMatchObject({ outcome: 'page' })
  await keycloak.request('POST', `/users/${sub}/federated-identity/${acquiredAlias}`, {
    userId: acquired.subjectOf('emp-1005'),
    userName: 'dave',
  })
  const linked = await tokensOf(stack, 'dave', viaAcquired)
  expect(claimsOf(linked.tokens.access_token).sub).toBe(sub)
  await keycloak.request('DELETE', `/users/${sub}/federated-identity/${acquiredAlias}`)
  // The company that signed her in last says who she is.
  const again = await tokensOf(stack, 'dave', request)
  expect(claimsOf(again.tokens.access_token)).toMatchObject({ sub, preferred_username: 'dave' })
})
