import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'directory-watcher-'))
afterAll(() => rmSync(folder, { recursive: true }))
const secret = join(folder, 'secret')
writeFileSync(secret, 'a-long-enough-secret\n')

const good = {
  WATCHER_DATA_DIR: folder,
  AD_URL: 'ldaps://dc1.corp.company.com',
  AD_BIND_DN: 'svc@corp.company.com',
  AD_PASSWORD_FILE: secret,
  AD_PEOPLE_DN: 'OU=People,DC=corp,DC=company,DC=com',
  AD_GROUPS_DN: 'OU=Groups,DC=corp,DC=company,DC=com',
  KEYCLOAK_ISSUER: 'https://sso.company.com/realms/company',
  KEYCLOAK_CLIENT_SECRET_FILE: secret,
}

describe('settings', () => {
  it('that are right give the address of the admin API, and secrets from files', () => {
    const { keycloak, directory } = readConfig(good)
    expect(keycloak.adminBaseUrl).toBe('https://sso.company.com/admin/realms/company')
    expect([keycloak.clientSecret, directory.password]).toEqual(['a-long-enough-secret', 'a-long-enough-secret'])
  })

  it.each([
    ['AD_URL', 'ldap://dc1.corp.company.com', /AD_URL: must be an ldaps/],
    ['AD_PEOPLE_DN', 'People', /AD_PEOPLE_DN: must be a distinguished name/],
    ['AD_PASSWORD_FILE', join(folder, 'missing'), /AD_PASSWORD_FILE: .*missing cannot be read/],
    ['KEYCLOAK_ISSUER', 'https://sso.company.com', /KEYCLOAK_ISSUER: must end in \/realms/],
    ['KEYCLOAK_ISSUER', 'http://sso.company.com/realms/company', /must be https outside development/],
  ])('%s=%s is refused', (name, value, problem) => {
    expect(() => readConfig({ ...good, [name]: value })).toThrow(problem)
  })

  it('that are missing are all named at once', () => {
    const problems = Object.keys(good).filter((name) => name !== 'KEYCLOAK_ISSUER')
    try {
      readConfig({})
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError)
      for (const name of problems) expect(String(error)).toContain(`${name}: must be set`)
    }
  })
})
