import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditEvent } from '@mcp-identity/audit-log'
import { companyPoliciesDirectory } from '@mcp-identity/policy'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import { startTestServer, type TestServer, toolCall } from './fixtures/test-server.ts'

let app: TestServer
const policyDirectory = mkdtempSync(join(tmpdir(), 'policies-'))
beforeAll(async () => {
  cpSync(companyPoliciesDirectory, policyDirectory, { recursive: true })
  app = await startTestServer({ policyDirectory })
  await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
})
afterAll(async () => {
  await app.stop()
  rmSync(policyDirectory, { recursive: true })
})

const securityEvents = async (): Promise<AuditEvent[]> =>
  (await app.auditRecords())
    .map(({ event }) => event as unknown as AuditEvent)
    .filter(({ phase }) => phase === 'security')

/** Waits until a security event is on record. */
const onRecord = (expected: object): Promise<unknown> =>
  eventually(async () => expect(await securityEvents()).toContainEqual(expect.objectContaining(expected)))

const scimUser = (active: boolean) => ({
  operationType: 'UPDATE',
  resourceType: 'USER',
  resourcePath: 'scim/v2/Users/subject-1',
  representation: JSON.stringify({ active }),
})

it.each([
  ['a person who was disabled', scimUser(false), 'revocation_received', 'account_disabled'],
  ['a person who was enabled', scimUser(true), 'permissions_change_received', 'account_active'],
  [
    'a person whose groups changed',
    { operationType: 'DELETE', resourceType: 'GROUP_MEMBERSHIP', resourcePath: 'users/subject-1/groups/1' },
    'permissions_change_received',
    'groups_changed',
  ],
  [
    'a person whose roles changed',
    { operationType: 'CREATE', resourceType: 'CLIENT_ROLE_MAPPING', resourcePath: 'users/subject-1/role-mappings/x' },
    'permissions_change_received',
    'roles_changed',
  ],
])('has %s on record', async (_what, event, action, reason) => {
  app.keycloak.adminEvent(event)
  await onRecord({
    action,
    reason,
    outcome: 'succeeded',
    issuer: app.keycloak.issuer,
    subject: 'subject-1',
    details: expect.objectContaining({ endedCalls: 0 }),
  })
})

it('has keys on record that an authorization server began or ceased to sign with', async () => {
  await app.call(app.tokenOf('anna'), 'whoami')
  app.keycloak.addNextKey()
  const token = app.tokenOf('anna', { nextKey: true })
  await eventually(async () => expect((await app.post(token, toolCall('whoami'))).status).toBe(200))
  await onRecord({
    action: 'keys_rotated',
    issuer: app.keycloak.issuer,
    details: { added: [expect.any(String)], withdrawn: [] },
  })
})

it('has a stream on record that was cut, with who held it', async () => {
  const token = app.tokenOf('ivan', { subject: 'auditor-2', issuedAt: Math.floor(Date.now() / 1000) - 10 })
  const response = await app.get('/audit/stream', token)
  app.keycloak.adminEvent({ operationType: 'ACTION', resourceType: 'USER', resourcePath: 'users/auditor-2/logout' })
  await response.text()
  await onRecord({
    action: 'stream_cut',
    reason: 'revoked',
    subject: 'auditor-2',
    email: 'ivan@company.com',
    issuer: app.keycloak.issuer,
    tokenId: expect.any(String),
    sessionId: expect.any(String),
  })
})

it('has policies on record that were read again, and those that could not be', async () => {
  const file = join(policyDirectory, 'nobody-runs-reports.cedar')
  const policy =
    '@id("nobody-runs-reports") @refusal("Nobody runs reports.") forbid (principal, action == Action::"run_report", resource);'
  const before = (await securityEvents()).length
  app.reloadPolicies()
  writeFileSync(file, policy)
  app.reloadPolicies()
  await onRecord({
    action: 'policies_reloaded',
    outcome: 'succeeded',
    policyVersion: expect.any(String),
    details: { previousVersion: expect.any(String) },
  })
  writeFileSync(file, 'forbid (')
  app.reloadPolicies()
  await onRecord({ action: 'policies_reloaded', outcome: 'failed', details: { problem: expect.any(String) } })
  expect(await securityEvents()).toHaveLength(before + 2)
})
