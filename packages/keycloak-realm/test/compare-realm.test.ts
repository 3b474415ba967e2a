import { describe, expect, it } from 'vitest'
import { buildRealm, type CompanyRealm, compareRealm, developmentSettings } from '../src/index.ts'

const expected = buildRealm(developmentSettings())

/** What Keycloak gives back: ids and defaults added, secrets masked, lists in another order. */
function exported(): CompanyRealm {
  const realm = structuredClone(expected)
  return {
    ...realm,
    id: 'f3b1',
    keycloakVersion: '26.7.4',
    otpPolicyDigits: 6,
    clients: [
      ...(realm.clients ?? []).toReversed().map((client) => ({
        ...client,
        id: `id of ${client.clientId}`,
        ...(client.secret ? { secret: '**********' } : {}),
        surrogateAuthRequired: false,
        redirectUris: client.redirectUris?.toReversed() ?? [],
        attributes: { ...client.attributes, 'client.secret.creation.time': '1' },
      })),
      { clientId: 'broker', id: 'b', bearerOnly: true },
    ],
    authenticationFlows: [...(realm.authenticationFlows ?? []), { alias: 'browser', builtIn: true }],
  }
}

function afterChange(change: (realm: CompanyRealm) => void) {
  const realm = exported()
  change(realm)
  return compareRealm(expected, realm).map(({ kind, path }) => `${kind} ${path}`)
}

describe('compareRealm', () => {
  it('finds no difference in what Keycloak made of the document', () => {
    expect(compareRealm(expected, exported())).toEqual([])
  })

  it.each<[found: string, change: (realm: CompanyRealm) => void]>([
    ['changed accessTokenLifespan', (realm) => Object.assign(realm, { accessTokenLifespan: 86_400 })],
    [
      'changed attributes.adminEventsExpiration',
      (realm) => Object.assign(realm.attributes ?? {}, { adminEventsExpiration: '1' }),
    ],
    [
      'changed clients[mcp-cli].redirectUris',
      (realm) => named(realm.clients, 'mcp-cli').redirectUris?.push('http://127.0.0.1/*'),
    ],
    [
      'changed clients[console].directAccessGrantsEnabled',
      (realm) => Object.assign(named(realm.clients, 'console'), { directAccessGrantsEnabled: true }),
    ],
    [
      'registered clients[4f0c]',
      (realm) => realm.clients?.push({ clientId: '4f0c', consentRequired: true, fullScopeAllowed: false }),
    ],
    ['added clients[shadow]', (realm) => realm.clients?.push({ clientId: 'shadow' })],
    [
      'missing groups[Operations]',
      (realm) => Object.assign(realm, { groups: realm.groups?.filter(({ name }) => name !== 'Operations') }),
    ],
    [
      'changed groups[Operations].clientRoles.http://localhost:8481/mcp',
      (realm) => named(realm.groups, 'Operations').clientRoles?.['http://localhost:8481/mcp'].push('read:finance'),
    ],
    [
      'added groups[All Staff].clientRoles.http://localhost:8481/mcp',
      (realm) =>
        Object.assign(named(realm.groups, 'All Staff'), {
          clientRoles: { account: ['manage-account'], 'http://localhost:8481/mcp': ['read:finance'] },
        }),
    ],
    [
      'changed clientScopeMappings[read:finance -> http://localhost:8481/mcp].roles',
      (realm) =>
        Object.assign(realm.clientScopeMappings?.['http://localhost:8481/mcp'].at(-1), { roles: ['read:customers'] }),
    ],
    [
      'changed identityProviderMappers[corporate claim department].config.syncMode',
      (realm) => Object.assign(named(realm.identityProviderMappers, 'claim department').config, { syncMode: 'IMPORT' }),
    ],
    [
      'changed authenticationFlows[corp-browser].authenticationExecutions.identity-provider-redirector.requirement',
      (realm) => Object.assign(realm.authenticationFlows?.[0].authenticationExecutions[1], { requirement: 'DISABLED' }),
    ],
    [
      'changed components[ClientRegistrationPolicy anonymous Trusted Hosts].config.trusted-hosts',
      (realm) => Object.values(realm.components)[0]?.[0]?.config['trusted-hosts']?.push('evil.example'),
    ],
  ])('finds: %s', (found, change) => {
    expect(afterChange(change)).toEqual([found])
  })

  it('says what was expected and what is there', () => {
    expect(compareRealm(expected, { ...exported(), accessTokenLifespan: 86_400 })).toEqual([
      { kind: 'changed', path: 'accessTokenLifespan', expected: 300, actual: 86_400 },
    ])
  })

  it('does not compare collections that the other document does not hold', () => {
    const { realm, enabled } = expected
    const differences = compareRealm(
      { realm: realm ?? '', enabled: enabled ?? true, clients: expected.clients ?? [] },
      { realm: realm ?? '', enabled: true },
    )
    expect(differences).toEqual([])
  })
})

function named<Entry extends { name?: string; clientId?: string }>(entries: Entry[] | undefined, name: string): Entry {
  const found = entries?.find((entry) => entry.clientId === name || entry.name === name)
  if (found === undefined) throw new Error(`nothing is called ${name}`)
  return found
}
