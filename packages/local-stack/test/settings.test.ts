import { describe, expect, test } from 'vitest'
import { readSettings } from '../src/settings.ts'

const home = { HOME: '/home/alice', PATH: '/usr/bin' }
const compiled = { NODE_COMPILE_CACHE: '/home/alice/.cache/mcp-identity-stack/compiled' }

describe('readSettings', () => {
  test('needs nothing but a home', () => {
    expect(readSettings(home, 'linux')).toEqual({
      portBase: 8480,
      cacheFolder: '/home/alice/.cache/mcp-identity-stack',
      keycloakHome: undefined,
      keycloakDist: undefined,
      keycloakImage: undefined,
      keycloakBase: undefined,
      javaHome: undefined,
      realmProfile: 'stable',
      environment: { ...home, ...compiled },
    })
  })

  test('keeps the cache where the person keeps caches', () => {
    expect(readSettings({ ...home, XDG_CACHE_HOME: '/caches' }, 'linux').cacheFolder).toBe('/caches/mcp-identity-stack')
    expect(readSettings(home, 'darwin').cacheFolder).toBe('/home/alice/Library/Caches/mcp-identity-stack')
  })

  test('reads the profile of the realm', () => {
    expect(readSettings({ ...home, REALM_PROFILE: 'preview' }).realmProfile).toBe('preview')
    expect(() => readSettings({ ...home, REALM_PROFILE: 'latest' })).toThrow(
      'REALM_PROFILE must be stable or preview, found "latest"',
    )
  })

  test('takes an empty variable for one that is not set', () => {
    expect(readSettings({ ...home, KEYCLOAK_HOME: '', PORT_BASE: ' ' })).toMatchObject({
      keycloakHome: undefined,
      portBase: 8480,
    })
  })

  test.each(['1024', '65531'])('accepts PORT_BASE=%s', (value) => {
    expect(readSettings({ ...home, PORT_BASE: value }).portBase).toBe(Number(value))
  })

  test.each(['80', '65532', 'http', '8480.5', '-1', '1e4'])('refuses PORT_BASE=%s', (value) => {
    expect(() => readSettings({ ...home, PORT_BASE: value })).toThrow(
      `PORT_BASE must be a whole number from 1024 to 65531, found "${value}"`,
    )
  })

  test('keeps settings of another Keycloak and of the package manager away from the stack', () => {
    const foreign = {
      KC_DB: 'postgres',
      QUARKUS_HTTP_PORT: '1',
      JAVA_OPTS_APPEND: '-X',
      NODE_OPTIONS: '--inspect',
      npm_config_x: '1',
    }
    expect(readSettings({ ...home, ...foreign, HTTPS_PROXY: 'http://proxy' }, 'linux').environment).toEqual({
      ...home,
      ...compiled,
      HTTPS_PROXY: 'http://proxy',
    })
  })
})
