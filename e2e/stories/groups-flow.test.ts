import { callWithToken, openCorporateDirectory, sessionOf } from '@mcp-identity/local-stack/demo'
import { openScimClient } from '@mcp-identity/local-stack/doors'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { acquiredAlias, startAcquiredCompany } from '../acquired-company.ts'
import { claimsOf, requestToken, type TokenAnswer, tokensOf } from '../interactive-client.ts'

const stack = inject('stack')
const analysts = 'Data Analysts'
const report = { name: 'run_report', arguments: { report: 'customers-by-team' } }
const request = {
  clientId: stack.clients.cli.clientId,
  redirectUri: 'http://127.0.0.1:53011/callback',
  scope: 'openid read:customers admin:reports',
}

const groupsOf = ({ access_token }: TokenAnswer) => claimsOf(access_token).groups
const mayReport = ({ access_token }: TokenAnswer) => String(claimsOf(access_token).scope).includes('admin:reports')

async function refreshed({ refresh_token }: TokenAnswer): Promise<TokenAnswer> {
  const { status, body } = await requestToken(stack, {
    grant_type: 'refresh_token',
    client_id: request.clientId,
    refresh_token,
  })
  expect(status).toBe(200)
  return body as TokenAnswer
}

async function reports({ access_token }: TokenAnswer): Promise<boolean> {
  const { status, isToolError } = await callWithToken(stack.urls.mcp, access_token, report)
  return status === 200 && !isToolError
}

describe('a group that SCIM pushes', () => {
  const directory = openCorporateDirectory(stack.urls.corporateIdp, stack.clients.directoryAdmin.secret)
  afterEach(() => directory.setGroups('erin', []))
  afterAll(() => directory.close())

  it('counts for the next access token when somebody is added, without a sign-in page', async () => {
    const erin = sessionOf(stack, 'erin')
    expect(await erin.listTools()).not.toContain(report.name)
    await directory.setGroups('erin', [analysts])
    erin.expireAccessToken()
    expect((await erin.callTool(report.name, report.arguments)).isError).toBe(false)
    expect(erin.signInPages()).toBe(1)
    await erin.close()
  })

  it('is lost within a second by the access token that she holds when she is removed', async () => {
    await directory.setGroups('erin', [analysts])
    const { tokens } = await tokensOf(stack, 'erin', request)
    expect(await reports(tokens)).toBe(true)
    await directory.setGroups('erin', [])
    await expect.poll(() => reports(tokens), { timeout: 1_000, interval: 20 }).toBe(false)
    expect(mayReport(await refreshed(tokens))).toBe(false)
  })

  it('keeps its members and its roles when it is renamed, and has its new name in the next access token', async () => {
    await directory.setGroups('erin', [analysts])
    const { tokens } = await tokensOf(stack, 'erin', request)
    await rename(analysts, 'Data Scientists')
    try {
      const next = await refreshed(tokens)
      expect(groupsOf(next)).toEqual(['All Staff', 'Data Scientists'])
      expect(mayReport(next)).toBe(true)
    } finally {
      await rename('Data Scientists', analysts)
    }
  })
})

describe('a group that only the token of the corporate IdP names', () => {
  let acquired: Awaited<ReturnType<typeof startAcquiredCompany>>
  const viaAcquired = { ...request, idpHint: acquiredAlias }
  const there = ['All Staff', 'Customer Admins']

  beforeAll(async () => {
    acquired = await startAcquiredCompany(stack)
    await acquired.change('erin', { email: 'erin@acquired.example' })
  })
  beforeEach(() => acquired.change('erin', { groups: [] }))
  afterAll(() => acquired.stop())

  it('counts at the next sign-in when she is added: not at a refresh, nor while the session at Keycloak lasts', async () => {
    const first = await tokensOf(stack, 'erin', viaAcquired)
    expect(groupsOf(first.tokens)).toEqual(['All Staff'])
    await acquired.change('erin', { groups: there })
    expect(groupsOf(await refreshed(first.tokens))).toEqual(['All Staff'])
    const sameSession = await tokensOf(stack, 'erin', { ...viaAcquired, browser: first.browser })
    expect(groupsOf(sameSession.tokens)).toEqual(['All Staff'])
    const { tokens } = await tokensOf(stack, 'erin', viaAcquired)
    expect(groupsOf(tokens)).toEqual(['All Staff', 'Customer Readers'])
  })

  it('is lost at the next sign-in when she is removed, and not before', async () => {
    await acquired.change('erin', { groups: there })
    const first = await tokensOf(stack, 'erin', viaAcquired)
    await acquired.change('erin', { groups: [] })
    expect(groupsOf(await refreshed(first.tokens))).toEqual(['All Staff', 'Customer Readers'])
    const { tokens } = await tokensOf(stack, 'erin', viaAcquired)
    expect(groupsOf(tokens)).toEqual(['All Staff'])
  })

  it('gives nothing under a name that the realm does not know, as after a rename', async () => {
    await acquired.change('erin', { groups: ['All Staff', 'Operations'] })
    const { tokens } = await tokensOf(stack, 'erin', viaAcquired)
    expect(groupsOf(tokens)).toEqual(['All Staff'])
  })
})

async function rename(from: string, to: string): Promise<void> {
  const scim = openScimClient(stack, 'groups-flow')
  const filter = new URLSearchParams({ filter: `displayName eq "${from}"` })
  const found = (await (await scim.request('GET', `/Groups?${filter}`)).json()) as { Resources: { id: string }[] }
  const renamed = await scim.request('PATCH', `/Groups/${found.Resources[0]?.id}`, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'replace', path: 'displayName', value: to }],
  })
  expect(renamed.status).toBe(200)
}
