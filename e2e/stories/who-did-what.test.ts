import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { accessTokenOf, openCorporateDirectory, openServiceSession, sessionOf } from '@mcp-identity/local-stack/demo'
import { claimsOf, openKeycloakAdministrator } from '@mcp-identity/local-stack/doors'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'

const stack = inject('stack')
const policies = inject('policies')
const { mcp, issuer } = stack.urls
const keycloak = openKeycloakAdministrator(stack)
const directory = openCorporateDirectory(stack.urls.corporateIdp, stack.clients.directoryAdmin.secret)
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const businessHours = '2026-11-24T10:00:00+01:00'

interface AuditRecord {
  sequence: number
  event: Record<string, unknown>
}

/** An auditor's token, and the newest record when the test began. */
let auditor: string
let before: number

async function readRecords(query: string): Promise<AuditRecord[]> {
  const response = await fetch(new URL(`/audit?${query}`, mcp), { headers: { authorization: `Bearer ${auditor}` } })
  expect(response.status).toBe(200)
  return ((await response.json()) as { records: AuditRecord[] }).records
}

/** What happened since the test began, the auditor's own reading left out. */
async function recorded(): Promise<Record<string, unknown>[]> {
  const records = await readRecords(`afterSequence=${before}&limit=1000`)
  return records.map(({ event }) => event).filter(({ action }) => action !== '/audit')
}

/** Waits until exactly this is on record, every member of it, about whom and what the filter names. */
const onRecord = (filter: (event: Record<string, unknown>) => boolean, expected: unknown) =>
  expect.poll(async () => (await recorded()).filter(filter), { timeout: 10_000, interval: 100 }).toEqual(expected)

beforeAll(async () => {
  const session = sessionOf(stack, 'ivan')
  await session.callTool('export_audit', { limit: 1 })
  auditor = session.accessToken()
  await session.close()
})
beforeEach(async () => {
  before = (await readRecords('limit=1')).at(-1)?.sequence ?? 0
})

/** A person's token for a tool, which takes the scopes that the tool asks for. */
async function tokenFor(username: string, tool: string, args: Record<string, unknown> = {}): Promise<string> {
  const session = sessionOf(stack, username)
  await session.callTool(tool, args)
  const token = session.accessToken()
  await session.close()
  return token
}

async function call(
  token: string,
  name: string,
  args: Record<string, unknown>,
): Promise<{ structuredContent?: unknown }> {
  const response = await fetch(mcp, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
      traceparent,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  })
  const text = await response.text()
  return (JSON.parse(text.replace(/^[^{]*/, '')) as { result: { structuredContent?: unknown } }).result
}

interface Claims {
  sub: string
  sid: string
  jti: string
  azp: string
  name: string
}

/** What a record says of the caller: what Keycloak put into the token, and of the company, whom it is about. */
function whoIs(token: string, username: string, department: string) {
  const { sub, sid, jti, azp, name } = claimsOf(token) as Claims
  expect(name).toMatch(/^\w+ \w+$/)
  return {
    issuer,
    identityProvider: stack.urls.corporateIdp,
    subject: sub,
    clientId: azp,
    tokenId: jti,
    sessionId: sid,
    callerKind: 'person',
    email: `${username}@company.com`,
    name,
    department,
  }
}

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
const requestId = expect.stringMatching(/^[0-9a-f-]{36}$/)
const policyVersion = expect.stringMatching(/^[\w-]{8,}$/)
const digestOf = (args: object) => `sha256:${createHash('sha256').update(JSON.stringify(args)).digest('base64url')}`
const ofThisTrace = (event: Record<string, unknown>) => event.traceparent === traceparent

describe('a call leaves whole records', () => {
  const about = (token: string, username: string, department: string, tool: string, args: object) => ({
    time,
    requestId,
    traceparent,
    protocolEra: '2025-11-25',
    action: 'tools/call',
    tool,
    ...whoIs(token, username, department),
    argumentsDigest: digestOf(args),
    readableArguments: args,
  })

  it('allowed: the decision before, the outcome after', async () => {
    const args = { id: 'cust_001' }
    const token = await tokenFor('anna', 'get_customer', args)
    await call(token, 'get_customer', args)
    const members = { ...about(token, 'anna', 'Sales', 'get_customer', args), policies: ['customer-readers-read'] }
    await onRecord(ofThisTrace, [
      { ...members, phase: 'decision', outcome: 'allowed', policyVersion },
      { ...members, phase: 'outcome', outcome: 'succeeded', durationMs: expect.any(Number) },
    ])
  })

  it('failed: what the tool could not do', async () => {
    const args = { id: 'cust_999999' }
    const token = await tokenFor('anna', 'get_customer', { id: 'cust_001' })
    await call(token, 'get_customer', args)
    const members = { ...about(token, 'anna', 'Sales', 'get_customer', args), policies: ['customer-readers-read'] }
    await onRecord(ofThisTrace, [
      { ...members, phase: 'decision', outcome: 'allowed', policyVersion },
      { ...members, phase: 'outcome', outcome: 'failed', durationMs: expect.any(Number) },
    ])
  })

  it('refused by a policy: in a sentence, and without what was to be written', async () => {
    const args = { changes: { notes: 'a word of hers' }, id: 'cust_789' }
    const token = await tokenFor('bob', 'update_customer', args)
    await call(token, 'update_customer', args)
    await onRecord(ofThisTrace, [
      {
        ...about(token, 'bob', 'Sales West', 'update_customer', args),
        readableArguments: { id: 'cust_789', changedFields: ['notes'] },
        phase: 'decision',
        outcome: 'refused',
        reason: 'Account Managers may change customers of their own team only.',
        policies: ['account-managers-change-their-own-team'],
        policyVersion,
        details: { reason: 'policy' },
      },
    ])
  })

  it('for a tool that she does not have', async () => {
    const token = await accessTokenOf(stack, 'anna')
    await call(token, 'delete_customer', { id: 'cust_001' }).catch(() => {})
    await onRecord(ofThisTrace, [
      {
        time,
        requestId,
        traceparent,
        protocolEra: '2025-11-25',
        phase: 'decision',
        action: 'tools/call',
        tool: 'delete_customer',
        ...whoIs(token, 'anna', 'Sales'),
        outcome: 'refused',
        reason:
          'Membership of Customer Readers does not grant delete_customer. It takes membership of Administrators or Customer Admins.',
        policies: [],
      },
    ])
  })

  it('of a service: no person, and which client', async () => {
    const service = openServiceSession({
      resource: mcp,
      clientId: stack.clients.service.clientId,
      privateKey: JSON.parse(await readFile(stack.clients.service.privateKeyFile, 'utf8')),
      issuer,
      scope: 'read:customers admin:reports',
    })
    await service.callTool('whoami')
    const token = service.accessToken()
    await service.close()
    await call(token, 'whoami', {})
    const { sub, sid, jti, azp } = claimsOf(token) as Claims
    const members = {
      time,
      requestId,
      traceparent,
      protocolEra: '2025-11-25',
      action: 'tools/call',
      tool: 'whoami',
      issuer,
      subject: sub,
      clientId: azp,
      tokenId: jti,
      sessionId: sid,
      callerKind: 'service',
      argumentsDigest: digestOf({}),
      readableArguments: {},
      policies: ['everyone-asks-who-they-are'],
    }
    await onRecord(ofThisTrace, [
      { ...members, phase: 'decision', outcome: 'allowed', policyVersion },
      { ...members, phase: 'outcome', outcome: 'succeeded', durationMs: expect.any(Number) },
    ])
    expect(azp).toBe('nightly-report')
  })
})

describe('a security event leaves a whole record', () => {
  const security = (action: string, more: object) => ({
    time,
    phase: 'security',
    action,
    outcome: 'succeeded',
    issuer,
    ...more,
  })
  const isAction =
    (...actions: string[]) =>
    (event: Record<string, unknown>) =>
      actions.includes(String(event.action))
  const instant = expect.any(Number)
  const keyId = expect.stringMatching(/^[\w-]{43}$/)

  it('groups changed by IT', async () => {
    const { sub: subject } = claimsOf(await accessTokenOf(stack, 'erin'))
    const groups = await directory.groupsOf('erin')
    await directory.setGroups('erin', [...groups, 'Data Analysts'])
    const received = (more: object, details: object = {}) =>
      security('permissions_change_received', { ...more, details: { changedAt: instant, endedCalls: 0, ...details } })
    await onRecord(
      isAction('permissions_change_received'),
      expect.arrayContaining([
        // What the corporate IdP said itself, and what Keycloak said of its group.
        received({ subject }),
        received({ reason: 'groups_changed' }, { group: 'Data Analysts' }),
      ]),
    )
    await directory.setGroups('erin', groups)
  })

  it('disabled and enabled by IT: what was received, and the stream that was cut', async () => {
    await writeFile(stack.clockFile, businessHours)
    const token = await tokenFor('carol', 'export_audit', { limit: 1 })
    const stream = await fetch(new URL('/audit/stream', mcp), { headers: { authorization: `Bearer ${token}` } })
    expect(stream.status).toBe(200)
    await directory.disable('carol')
    await stream.text()
    await directory.enable('carol')
    const { sub: subject, sid: sessionId } = claimsOf(token)
    await onRecord(
      isAction('stream_cut', 'revocation_received', 'permissions_change_received'),
      expect.arrayContaining([
        security('stream_cut', { ...whoIs(token, 'carol', 'IT'), reason: 'revoked' }),
        // Whichever word of it came first; what says the same of the same second is no news.
        security('revocation_received', {
          subject,
          reason: expect.stringMatching(/^(account_disabled|logged_out|session_revoked)$/),
          details: expect.objectContaining({ notBefore: instant, endedCalls: 1 }),
        }),
        security('revocation_received', {
          sessionId,
          reason: 'session_ended',
          details: { notBefore: instant, receivedAt: instant, endedCalls: 0 },
        }),
        security('permissions_change_received', {
          subject,
          reason: 'account_active',
          details: { changedAt: instant, endedCalls: 0 },
        }),
      ]),
    )
  })

  it('a key that Keycloak signs with from now on', async () => {
    const realm = (await (await keycloak.request('GET', '')).json()) as { id: string }
    const created = await keycloak.request('POST', '/components', {
      name: 'rsa-of-the-story',
      providerId: 'rsa-generated',
      providerType: 'org.keycloak.keys.KeyProvider',
      parentId: realm.id,
      config: { priority: ['200'], algorithm: ['RS256'] },
    })
    await accessTokenOf(stack, 'dave')
    await onRecord(isAction('keys_rotated'), [security('keys_rotated', { details: { added: [keyId], withdrawn: [] } })])
    await keycloak.request('DELETE', `/components/${created.headers.get('location')?.split('/').at(-1)}`)
  })

  it('policies that were read again, and those that could not be', async () => {
    const file = join(policies, 'nobody-of-the-story-runs-reports.cedar')
    const reloaded = (outcome: string, more: object) => ({
      time,
      phase: 'security',
      action: 'policies_reloaded',
      outcome,
      ...more,
    })
    const isReload = isAction('policies_reloaded')
    const added = reloaded('succeeded', { policyVersion, details: { previousVersion: policyVersion } })
    await writeFile(
      file,
      '@id("nobody-of-the-story-runs-reports") @refusal("Nobody.") forbid (principal, action == Action::"run_report", resource);',
    )
    await onRecord(isReload, [added])
    await writeFile(file, 'forbid (')
    const refused = reloaded('failed', {
      policyVersion,
      details: { problem: expect.stringContaining('nobody-of-the-story') },
    })
    await onRecord(isReload, [added, refused])
    await rm(file)
    await onRecord(isReload, [added, refused, added])
  })

  it('an approval: requested, given, used', async () => {
    await writeFile(stack.clockFile, businessHours)
    const id = await firstStrategic(await tokenFor('alice', 'list_customers', { limit: 1 }))
    // Signing in for the tool asks for the approval already.
    const alice = await tokenFor('alice', 'delete_customer', { id })
    const carol = await tokenFor('carol', 'update_customer', { id, changes: { status: 'active' } })
    const headers = { authorization: `Bearer ${carol}` }
    const waiting = (await (await fetch(new URL('/approvals', mcp), { headers })).json()) as {
      waiting: { id: string }[]
    }
    const body = JSON.stringify({ id: waiting.waiting[0]?.id })
    expect((await fetch(new URL('/approvals', mcp), { method: 'POST', headers, body })).status).toBe(200)
    await call(alice, 'delete_customer', { id })
    await call(carol, 'update_customer', { id, changes: { status: 'active' } })
    const asked = claimsOf(alice).sub
    const gave = claimsOf(carol).sub
    const approval = {
      id: waiting.waiting[0]?.id,
      tool: 'delete_customer',
      requestedBy: `${issuer} ${asked}`,
      expiresAt: instant,
    }
    const approved = { ...approval, approvedBy: `${issuer} ${gave}` }
    await onRecord(isAction('approval_requested', 'approval_given', 'approval_used'), [
      security('approval_requested', { subject: asked, details: approval }),
      security('approval_given', { subject: gave, details: approved }),
      security('approval_used', { subject: asked, details: approved }),
    ])
  })
})

async function firstStrategic(token: string): Promise<string> {
  for (let after = 'cust_000'; ; ) {
    const { structuredContent } = await call(token, 'list_customers', { limit: 100, after })
    const page = structuredContent as { customers: { id: string; strategic: boolean }[]; nextAfter: string }
    const found = page.customers.find(({ strategic }) => strategic)
    if (found !== undefined) return found.id
    after = page.nextAfter
  }
}

afterAll(async () => {
  await writeFile(stack.clockFile, '')
})
