import { describe, expect, it } from 'vitest'
import { type ActiveDirectorySettings, buildRealm, developmentSettings, lintRealm } from '../src/index.ts'

const activeDirectory: ActiveDirectorySettings = {
  url: 'ldaps://dc1.corp.company.com ldaps://dc2.corp.company.com',
  bindDn: 'CN=svc-reader,CN=Users,DC=corp,DC=company,DC=com',
  peopleDn: 'OU=People,DC=corp,DC=company,DC=com',
  groupsDn: 'OU=Groups,DC=corp,DC=company,DC=com',
}
const built = buildRealm({ ...developmentSettings(), activeDirectory })
const storage = 'org.keycloak.storage.UserStorageProvider'

type Config = Record<string, string[]>
interface Stored {
  providerId: string
  config: Config
  subComponents: Record<string, Stored[]>
}

/** Which rules find something in the realm after a change of its directory. */
function findings(change: (directory: Stored) => void): string[] {
  const realm = structuredClone(built)
  const [directory] = (realm.components as unknown as Record<string, Stored[]>)[storage] ?? []
  if (directory === undefined) throw new Error('the realm has no directory')
  change(directory)
  return [...new Set(lintRealm(realm, { development: true }).map(({ rule }) => rule))]
}

const withConfig = (config: Config) => findings((directory) => Object.assign(directory.config, config))

describe('a directory behind Keycloak', () => {
  it('passes every rule as it is built, and as Keycloak exports it', () => {
    expect(withConfig({})).toEqual([])
    expect(withConfig({ bindCredential: ['**********'] })).toEqual([])
  })

  it.each<[rule: string, title: string, config: Config]>([
    ['KC-16', 'the password of the account in the document', { bindCredential: ['hunter2'] }],
    ['KC-31', 'plain LDAP', { connectionUrl: ['ldap://dc1.corp.company.com'] }],
    ['KC-31', 'plain LDAP at one of several', { connectionUrl: ['ldaps://dc1.corp.company.com ldap://dc2'] }],
    ['KC-31', 'no address', { connectionUrl: [] }],
    ['KC-32', 'any CA of the machine', { useTruststoreSpi: ['never'] }],
    ['KC-33', 'a directory that is written', { editMode: ['WRITABLE'] }],
    ['KC-33', 'people who are written into it', { syncRegistrations: ['true'] }],
    ['KC-34', 'the administrator, by distinguished name', { bindDn: ['CN=Administrator,CN=Users,DC=corp'] }],
    ['KC-34', 'the administrator, by principal name', { bindDn: ['administrator@corp.company.com'] }],
    ['KC-34', 'the administrator, by account', { bindDn: ['CORP\\Administrator'] }],
    ['KC-34', 'nobody', { authType: ['none'] }],
    ['KC-35', 'a cache', { cachePolicy: ['DEFAULT'] }],
    ['KC-35', 'the default, which is a cache', { cachePolicy: [] }],
    ['KC-37', 'people who are deleted at the next look', { removeInvalidUsersEnabled: ['true'] }],
    ['KC-37', 'the default, which deletes them', { removeInvalidUsersEnabled: [] }],
    ['KC-37', 'people who are kept nowhere', { importEnabled: ['false'] }],
  ])('%s finds %s', (rule, _title, config) => {
    expect(withConfig(config)).toEqual([rule])
  })

  const mapper = 'msad-user-account-control-mapper'

  it('KC-36 finds accounts whose state is not read, and not always read', () => {
    expect(
      findings(({ subComponents }) => {
        for (const [type, mappers] of Object.entries(subComponents))
          subComponents[type] = mappers.filter(({ providerId }) => providerId !== mapper)
      }),
    ).toEqual(['KC-36'])
    expect(
      findings(({ subComponents }) => {
        for (const { providerId, config } of Object.values(subComponents).flat())
          if (providerId === mapper) config['always.read.enabled.value.from.ldap'] = ['false']
      }),
    ).toEqual(['KC-36'])
  })

  it('KC-36 asks it of Active Directory only', () => {
    const otherVendor = findings((directory) => {
      directory.config.vendor = ['other']
      directory.subComponents = {}
    })
    expect(otherVendor).toEqual([])
  })

  it('is looked at only where it is switched on', () => {
    expect(withConfig({ enabled: ['false'], cachePolicy: ['DEFAULT'] })).toEqual([])
  })
})

describe('the setting activeDirectory', () => {
  const built = (change: Partial<ActiveDirectorySettings>) =>
    buildRealm({ ...developmentSettings(), activeDirectory: { ...activeDirectory, ...change } })

  it.each([
    [{ url: 'ldap://dc1.corp.company.com' }, 'activeDirectory.url must be ldaps://'],
    [{ url: 'ldaps://dc1 ldap://dc2' }, 'activeDirectory.url must be ldaps://'],
    [{ url: '' }, 'activeDirectory.url must be ldaps://'],
    [{ bindDn: 'svc-reader' }, 'activeDirectory.bindDn must be a distinguished name'],
    [{ peopleDn: '' }, 'activeDirectory.peopleDn must be a distinguished name'],
    [{ groupsDn: 'Groups' }, 'activeDirectory.groupsDn must be a distinguished name'],
  ])('refuses %o', (change, message) => {
    expect(() => built(change)).toThrow(message)
  })

  it('lets Keycloak sign people in itself, with no corporate IdP beside it', () => {
    expect(built({})).not.toHaveProperty('identityProviders')
    expect(buildRealm(developmentSettings()).components).not.toHaveProperty([storage])
  })

  it('stops guessing before the domain would lock the account', () => {
    expect(built({})).toMatchObject({ bruteForceProtected: true, failureFactor: 3, maxFailureWaitSeconds: 1_800 })
  })

  it('lets in whose primary group is Domain Users, and asks only for groups that grant something', () => {
    const [directory] = (built({}).components as unknown as Record<string, Stored[]>)[storage] ?? []
    expect(directory?.config.customUserSearchFilter).toEqual(['(primaryGroupID=513)'])
    const groups = Object.values(directory?.subComponents ?? {})
      .flat()
      .find(({ providerId }) => providerId === 'group-ldap-mapper')
    expect(groups?.config['groups.ldap.filter']?.[0]).toContain('(cn=Data Analysts)')
    expect(groups?.config['groups.ldap.filter']?.[0]).not.toContain('All Staff')
    expect(groups?.config['user.roles.retrieve.strategy']).toEqual(['LOAD_GROUPS_BY_MEMBER_ATTRIBUTE_RECURSIVELY'])
  })

  it('takes the attributes of people from where the company has them', () => {
    const [directory] =
      (built({ attributes: { zoneinfo: 'info', country: 'co' } }).components as unknown as Record<string, Stored[]>)[
        storage
      ] ?? []
    const sources = Object.values(directory?.subComponents ?? {})
      .flat()
      .map(({ config }) => `${config['user.model.attribute']} ${config['ldap.attribute']}`)
    expect(sources).toEqual(expect.arrayContaining(['zoneinfo info', 'country co', 'department department']))
  })
})
