import { describe, expect, it } from 'vitest'
import type { KeycloakAdminEvent, KeycloakUserEvent } from '../../src/keycloak/events.ts'
import { readAdminEvent, readUserEvent } from '../../src/keycloak/read-signals.ts'
import { alice, issuer } from './keycloak-double.ts'

const time = 1_795_452_957_431
const second = 1_795_452_957
const sighting = { issuer, seenAtMs: time + 50 }
const groupId = '37056022-4be3-46d4-ac8c-6a6adbc46e94'

const userEvent = (fields: Partial<KeycloakUserEvent>): KeycloakUserEvent => ({
  id: 'e1',
  time,
  type: 'LOGOUT',
  userId: alice,
  ...fields,
})
const adminEvent = (fields: Partial<KeycloakAdminEvent>): KeycloakAdminEvent => ({
  id: 'a1',
  time,
  operationType: 'UPDATE',
  resourceType: 'USER',
  resourcePath: `users/${alice}`,
  ...fields,
})

describe('user events', () => {
  const cases: [string, Partial<KeycloakUserEvent>, object][] = [
    ['a logout ends the session', { sessionId: 's1', clientId: 'cli' }, { sessionId: 's1', cause: 'session_ended' }],
    ['a logout without a session ends the person’s tokens', {}, { subject: alice, cause: 'logged_out' }],
    [
      'a revoked refresh token ends its client’s part of the session',
      {
        type: 'REVOKE_GRANT',
        sessionId: 's1',
        clientId: 'cli',
        details: { refresh_token_type: 'Refresh', revoked_client: 'cli' },
      },
      { sessionId: 's1', clientId: 'cli', cause: 'grant_revoked' },
    ],
    [
      'a revoked access token ends itself only',
      { type: 'REVOKE_GRANT', clientId: 'cli', details: { token_id: 'onrtro:62b523ab' } },
      { tokenId: 'onrtro:62b523ab', cause: 'token_revoked' },
    ],
    [
      'a consent taken back in the account page ends the person’s tokens of that client',
      { type: 'REVOKE_GRANT', clientId: 'account-console', details: { revoked_client: 'cli' } },
      { subject: alice, clientId: 'cli', cause: 'grant_revoked' },
    ],
    [
      'a new password ends what the old one gave',
      { type: 'UPDATE_PASSWORD', clientId: 'cli' },
      { subject: alice, cause: 'credential_changed' },
    ],
    [
      'a permanent lock-out ends the person’s tokens',
      { type: 'USER_DISABLED_BY_PERMANENT_LOCKOUT' },
      { subject: alice, cause: 'account_disabled' },
    ],
    [
      'an account deleted by its person ends its tokens',
      { type: 'DELETE_ACCOUNT' },
      { subject: alice, cause: 'account_deleted' },
    ],
  ]
  for (const [title, fields, expected] of cases) {
    it(title, () => {
      expect(readUserEvent(userEvent(fields), sighting)).toEqual([
        { kind: 'cut_off', issuer, ...expected, notBefore: second, receivedAt: sighting.seenAtMs / 1000 },
      ])
    })
  }

  it('an attempt that failed ends nothing', () => {
    expect(readUserEvent(userEvent({ sessionId: 's1', error: 'invalid_token' }), sighting)).toEqual([])
  })

  it('a sign-in ends nothing', () => {
    expect(readUserEvent(userEvent({ type: 'LOGIN', sessionId: 's1' }), sighting)).toEqual([])
  })
})

describe('admin events', () => {
  const scimUser = (active: boolean | string) =>
    JSON.stringify({ schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], id: alice, userName: 'alice', active })
  const cutOffs: [string, Partial<KeycloakAdminEvent>, object][] = [
    [
      'disabling by the REST API',
      { representation: '{"enabled":false}' },
      { subject: alice, cause: 'account_disabled' },
    ],
    [
      'disabling by SCIM',
      { resourcePath: `scim/v2/Users/${alice}`, representation: scimUser(false) },
      { subject: alice, cause: 'account_disabled' },
    ],
    [
      'a SCIM person whose state cannot be read',
      { resourcePath: `scim/v2/Users/${alice}`, representation: '{}' },
      { subject: alice, cause: 'account_disabled' },
    ],
    ['a changed person without details', {}, { subject: alice, cause: 'account_disabled' }],
    [
      'a changed person with broken details',
      { representation: '{"enabled":tr' },
      { subject: alice, cause: 'account_disabled' },
    ],
    [
      'deleting',
      { operationType: 'DELETE', representation: `{"id":"${alice}"}` },
      { subject: alice, cause: 'account_deleted' },
    ],
    [
      'deleting by SCIM',
      { operationType: 'DELETE', resourcePath: `scim/v2/Users/${alice}`, representation: scimUser(true) },
      { subject: alice, cause: 'account_deleted' },
    ],
    [
      'an admin’s logout',
      { operationType: 'ACTION', resourcePath: `users/${alice}/logout` },
      { subject: alice, cause: 'logged_out' },
    ],
    [
      'an admin’s password reset',
      { operationType: 'ACTION', resourcePath: `users/${alice}/reset-password` },
      { subject: alice, cause: 'credential_changed' },
    ],
    [
      'removing a credential',
      { operationType: 'ACTION', resourcePath: `users/${alice}/credentials/31e823f2` },
      { subject: alice, cause: 'credential_changed' },
    ],
    [
      'taking back a consent',
      { operationType: 'ACTION', resourcePath: `users/${alice}/consents/mcp-cli` },
      { subject: alice, clientId: 'mcp-cli', cause: 'grant_revoked' },
    ],
    [
      'ending a session',
      {
        operationType: 'DELETE',
        resourceType: 'USER_SESSION',
        resourcePath: 'sessions/XWOUp1',
        representation: '{"offline":false}',
      },
      { sessionId: 'XWOUp1', cause: 'session_ended' },
    ],
    [
      'disabling a client',
      {
        resourceType: 'CLIENT',
        resourcePath: 'clients/0d4a',
        representation: '{"clientId":"cli","enabled":false,"notBefore":0}',
      },
      { clientId: 'cli', cause: 'client_disabled' },
    ],
    [
      'deleting a client',
      {
        operationType: 'DELETE',
        resourceType: 'CLIENT',
        resourcePath: 'clients/0d4a',
        representation: '{"clientId":"cli"}',
      },
      { clientId: 'cli', cause: 'client_deleted' },
    ],
    [
      'logging everybody out',
      { operationType: 'ACTION', resourceType: 'REALM', resourcePath: 'logout-all', representation: '{}' },
      { cause: 'all_sessions_ended' },
    ],
    [
      'switching the realm off',
      { resourceType: 'REALM', resourcePath: undefined as never, representation: '{"enabled":false}' },
      { cause: 'realm_disabled' },
    ],
  ]
  for (const [title, fields, expected] of cutOffs) {
    it(`${title} cuts off`, () => {
      expect(readAdminEvent(adminEvent(fields), sighting)).toEqual([
        { kind: 'cut_off', issuer, ...expected, notBefore: second, receivedAt: sighting.seenAtMs / 1000 },
      ])
    })
  }

  const changes: [string, Partial<KeycloakAdminEvent>, object][] = [
    [
      'an edited person',
      { representation: '{"enabled":true,"firstName":"Al"}' },
      { subject: alice, cause: 'account_active' },
    ],
    ['a part of a person', { representation: '{"firstName":"Al"}' }, { subject: alice, cause: 'account_updated' }],
    [
      're-enabling by SCIM',
      { resourcePath: `scim/v2/Users/${alice}`, representation: scimUser(true) },
      { subject: alice, cause: 'account_active' },
    ],
    [
      'leaving a group',
      { operationType: 'DELETE', resourceType: 'GROUP_MEMBERSHIP', resourcePath: `users/${alice}/groups/${groupId}` },
      { subject: alice, cause: 'groups_changed' },
    ],
    [
      'joining a group',
      { operationType: 'CREATE', resourceType: 'GROUP_MEMBERSHIP', resourcePath: `users/${alice}/groups/${groupId}` },
      { subject: alice, cause: 'groups_changed' },
    ],
    [
      'a role taken from a person',
      {
        operationType: 'DELETE',
        resourceType: 'CLIENT_ROLE_MAPPING',
        resourcePath: `users/${alice}/role-mappings/clients/b92a`,
      },
      { subject: alice, cause: 'roles_changed' },
    ],
    [
      'members changed by SCIM',
      {
        resourceType: 'GROUP',
        resourcePath: `scim/v2/Groups/${groupId}`,
        representation: '{"displayName":"Data Analysts"}',
      },
      { group: 'Data Analysts', cause: 'groups_changed' },
    ],
    [
      'a deleted group',
      {
        operationType: 'DELETE',
        resourceType: 'GROUP',
        resourcePath: `groups/${groupId}`,
        representation: '{"name":"Data Analysts"}',
      },
      { group: 'Data Analysts', cause: 'groups_changed' },
    ],
    [
      'a renamed group',
      { resourceType: 'GROUP', resourcePath: `groups/${groupId}`, representation: '{"name":"Analysts"}' },
      { cause: 'groups_changed' },
    ],
    [
      'a role taken from a group',
      {
        operationType: 'DELETE',
        resourceType: 'CLIENT_ROLE_MAPPING',
        resourcePath: `groups/${groupId}/role-mappings/clients/b92a`,
      },
      { cause: 'roles_changed' },
    ],
    [
      'a deleted role',
      { operationType: 'DELETE', resourceType: 'CLIENT_ROLE', resourcePath: 'clients/b92a/roles/admin:reports' },
      { cause: 'roles_changed' },
    ],
  ]
  for (const [title, fields, expected] of changes) {
    it(`${title} changes permissions and cuts nothing off`, () => {
      expect(readAdminEvent(adminEvent(fields), sighting)).toEqual([
        { kind: 'permissions_changed', issuer, ...expected, changedAt: second },
      ])
    })
  }

  it('takes the "not before" of a realm or a client as it is', () => {
    const realm = adminEvent({ resourceType: 'REALM', representation: '{"notBefore":1795452859}' })
    delete (realm as Partial<KeycloakAdminEvent>).resourcePath
    expect(readAdminEvent(realm, sighting)).toMatchObject([{ notBefore: 1_795_452_859, cause: 'not_before_raised' }])
    const client = adminEvent({
      resourceType: 'CLIENT',
      resourcePath: 'clients/0d4a',
      representation: '{"clientId":"cli","enabled":true,"notBefore":1795452859}',
    })
    expect(readAdminEvent(client, sighting)).toMatchObject([{ clientId: 'cli', notBefore: 1_795_452_859 }])
  })

  const nothing: [string, Partial<KeycloakAdminEvent>][] = [
    ['a new person', { operationType: 'CREATE', representation: '{"enabled":true}' }],
    [
      'an unlinked identity, though it is a deleted USER',
      { operationType: 'DELETE', resourcePath: `users/${alice}/federated-identity/corporate` },
    ],
    ['a mail to a person', { operationType: 'ACTION', resourcePath: `users/${alice}/execute-actions-email` }],
    ['a refused attempt', { representation: '{"enabled":false}', error: 'forbidden' }],
    ['a new group', { operationType: 'CREATE', resourceType: 'GROUP', resourcePath: `groups/${groupId}` }],
    ['a new role', { operationType: 'CREATE', resourceType: 'CLIENT_ROLE', resourcePath: 'clients/b92a/roles/new' }],
    [
      'a pushed revocation without a time',
      { operationType: 'ACTION', resourceType: 'REALM', resourcePath: 'push-revocation', representation: '{}' },
    ],
  ]
  for (const [title, fields] of nothing) {
    it(`${title} means nothing`, () => {
      expect(readAdminEvent(adminEvent(fields), sighting)).toEqual([])
    })
  }
})

describe('the second of an event', () => {
  const notBeforeAt = (seenAtMs: number, eventMs = time) => {
    const [signal] = readUserEvent(userEvent({ time: eventMs, sessionId: 's1' }), { issuer, seenAtMs })
    return signal?.kind === 'cut_off' ? signal.notBefore : undefined
  }

  it('is when it was seen, while its transaction may still have been open', () => {
    expect(notBeforeAt((second + 1) * 1000)).toBe(second + 1)
  })

  it('is never more than two seconds later, so that a late read does not end newer tokens', () => {
    expect(notBeforeAt((second + 3_600) * 1000)).toBe(second + 2)
  })

  it('is never earlier, when our clock is behind', () => {
    expect(notBeforeAt((second - 60) * 1000)).toBe(second)
  })
})
