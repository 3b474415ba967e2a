import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcp-config-'))
const secretFile = join(folder, 'secret')
writeFileSync(secretFile, 'a-long-enough-secret\n')
const issuer = 'https://sso.company.com/realms/company'
const resource = 'https://mcp.company.com/mcp'
const good = {
  MCP_RESOURCE: resource,
  MCP_ISSUERS: JSON.stringify([{ provider: 'keycloak', issuer, audience: resource }]),
  MCP_DATA_DIR: folder,
}
const signals = (change: object = {}) =>
  JSON.stringify({ keycloakEvents: [{ issuer, clientId: resource, clientSecretFile: secretFile, ...change }] })

function problemsOf(environment: Record<string, string | undefined>): readonly string[] {
  try {
    readConfig(environment)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

it('takes the defaults of a server that only listens on this machine', () => {
  expect(readConfig(good)).toMatchObject({
    port: 8481,
    host: '127.0.0.1',
    development: false,
    keycloakEvents: [],
    conformance: false,
  })
})

it('reads the secret of a feed from its file', () => {
  expect(readConfig({ ...good, MCP_SIGNALS: signals() }).keycloakEvents).toEqual([
    { issuer, clientId: resource, clientSecret: 'a-long-enough-secret' },
  ])
})

it('reads where replicas share what people decide, with its password from its file', () => {
  const shared = (settings: object) => readConfig({ ...good, MCP_SHARED_STORE: JSON.stringify(settings) }).sharedStore
  expect(readConfig(good).sharedStore).toBeUndefined()
  expect(shared({ store: 'postgres://mcp@db/mcp', passwordFile: secretFile })).toBe(
    'postgres://mcp:a-long-enough-secret@db/mcp',
  )
  for (const store of ['/data/approvals.db', 'postgres://mcp:password@db/mcp', 'redis://cache'])
    expect(() => shared({ store }), store).toThrow(ConfigError)
})

describe('a stream at a transmitter', () => {
  const transmitter = { issuer: 'https://idp.company.com', jwksUri: 'https://idp.company.com/jwks' }
  const stream = {
    tokenEndpoint: 'https://idp.company.com/token',
    clientId: 'mcp-server',
    clientSecretFile: secretFile,
  }
  const withStream = (change: object) =>
    JSON.stringify({ transmitters: [{ ...transmitter, stream: { ...stream, ...change } }] })

  it('is pushed unless said otherwise, and reads its secret from its file', () => {
    expect(readConfig({ ...good, MCP_SIGNALS: withStream({}) }).transmitters).toMatchObject([
      { stream: { clientId: 'mcp-server', clientSecret: 'a-long-enough-secret', delivery: 'push' } },
    ])
  })

  it.each([
    ['a secret that cannot be read', { clientSecretFile: join(folder, 'none') }, /cannot be read/],
    ['a token endpoint over http', { tokenEndpoint: 'http://idp.company.com/token' }, /is not https/],
    ['another way of delivery', { delivery: 'mail' }, /delivery/],
    ['a member that is not known', { secret: 'x' }, /secret/],
  ])('is refused with %s', (_title, change, problem) => {
    expect(problemsOf({ ...good, MCP_SIGNALS: withStream(change) }).join()).toMatch(problem)
  })
})

it('tells every problem at once, each with its setting', () => {
  const problems = problemsOf({
    MCP_PORT: '99999',
    MCP_ISSUERS: '[{"provider":"myidp","issuer":""}]',
    MCP_SIGNALS: '{',
  })
  expect(problems.map((problem) => problem.split(/[ :]/)[0]).sort()).toEqual([
    'MCP_DATA_DIR',
    'MCP_ISSUERS',
    'MCP_ISSUERS',
    'MCP_PORT',
    'MCP_RESOURCE',
    'MCP_SIGNALS',
  ])
})

it('names the providers there are', () => {
  const [problem] = problemsOf({ ...good, MCP_ISSUERS: JSON.stringify([{ provider: 'myidp', issuer }]) })
  expect(problem).toContain('must be one of keycloak, entraId, auth0, okta, cognito, google, adfs, oauthIssuer')
})

it('takes hosts beside that of the resource, without scheme', () => {
  const MCP_ALLOWED_HOSTS = 'mcp-2.company.com:8443, [::1]'
  expect(readConfig({ ...good, MCP_ALLOWED_HOSTS }).allowedHosts).toEqual(['mcp-2.company.com:8443', '[::1]'])
  expect(problemsOf({ ...good, MCP_ALLOWED_HOSTS: 'https://mcp-2.company.com' })[0]).toContain('MCP_ALLOWED_HOSTS')
})

describe('beyond one’s own machine', () => {
  const insecure: [string, Record<string, string>][] = [
    ['an http resource', { MCP_RESOURCE: 'http://localhost:8481/mcp' }],
    [
      'an http issuer',
      {
        MCP_ISSUERS: JSON.stringify([
          { provider: 'keycloak', issuer: 'http://localhost:8483/realms/company', audience: resource },
        ]),
      },
    ],
    [
      'an http key set',
      {
        MCP_ISSUERS: JSON.stringify([
          { provider: 'keycloak', issuer, audience: resource, jwksUri: 'http://localhost/keys' },
        ]),
      },
    ],
    ['an http origin', { MCP_ALLOWED_ORIGINS: 'http://localhost:8480' }],
  ]
  it.each(insecure)('refuses %s and says what to do', (_title, change) => {
    expect(problemsOf({ ...good, ...change })[0]).toContain('is not https; use https, or MCP_DEVELOPMENT=1')
  })

  it.each(insecure)('allows %s in development', (_title, change) => {
    expect(problemsOf({ ...good, ...change, MCP_DEVELOPMENT: '1' })).toEqual([])
  })

  it.each([
    ['MCP_DEVELOPMENT_CLOCK_FILE', '/tmp/clock'],
    ['MCP_DEVELOPMENT_RESEED', '1'],
    ['MCP_CONFORMANCE', '1'],
  ])('refuses %s', (name, value) => {
    expect(problemsOf({ ...good, [name]: value })[0]).toContain(name)
  })

  it('accepts AD FS, whose issuer is a name that begins with http', () => {
    const adfs = {
      provider: 'adfs',
      issuer: 'http://adfs.company.com/adfs/services/trust',
      audience: resource,
      jwksUri: 'https://adfs.company.com/adfs/discovery/keys',
    }
    expect(problemsOf({ ...good, MCP_ISSUERS: JSON.stringify([adfs]) })).toEqual([])
  })
})

describe('signals', () => {
  it('refuses a feed for an issuer whose tokens are not accepted', () => {
    const [problem] = problemsOf({ ...good, MCP_SIGNALS: signals({ issuer: 'https://other.example/realms/x' }) })
    expect(problem).toContain('is not in MCP_ISSUERS; add it there')
  })

  it('refuses a secret that is missing or too short to be one', () => {
    const short = join(folder, 'short')
    writeFileSync(short, 'changeme')
    expect(problemsOf({ ...good, MCP_SIGNALS: signals({ clientSecretFile: join(folder, 'none') }) })[0]).toContain(
      'cannot be read (ENOENT)',
    )
    expect(problemsOf({ ...good, MCP_SIGNALS: signals({ clientSecretFile: short }) })[0]).toContain(
      'fewer than 16 characters',
    )
  })

  describe('of replicas', () => {
    const withRedis = (redis: object, feeds: object = JSON.parse(signals())) => ({
      ...good,
      MCP_SIGNALS: JSON.stringify({ ...feeds, redis }),
    })

    it('come with the password from its file', () => {
      const { redis } = readConfig(withRedis({ url: 'rediss://store.company.com:6380/1', passwordFile: secretFile }))
      expect(redis).toMatchObject({ url: 'rediss://store.company.com:6380/1', password: 'a-long-enough-secret' })
    })

    it('are encrypted, unless the store is on this machine or the operator says so', () => {
      const url = 'redis://store.company.com'
      expect(problemsOf(withRedis({ url }))[0]).toContain('is not encrypted; use rediss://')
      expect(problemsOf(withRedis({ url, dangerouslyAllowUnencrypted: true }))).toEqual([])
      expect(problemsOf(withRedis({ url: 'redis://127.0.0.1:6379' }))).toEqual([])
    })

    it('are refused with credentials in the address, which is printed too easily', () => {
      const [problem] = problemsOf(withRedis({ url: 'rediss://me:by-value@store.company.com' }))
      expect(problem).toContain('must hold no credentials')
      expect(problem).not.toContain('by-value')
    })

    it('need somebody who brings them', () => {
      expect(problemsOf(withRedis({ url: 'redis://127.0.0.1:6379' }, {}))[0]).toContain('nothing brings any')
    })
  })

  it('never takes a secret by value', () => {
    const problems = problemsOf({ ...good, MCP_SIGNALS: signals({ clientSecret: 'by-value' }) })
    expect(problems).toHaveLength(1)
    expect(problems[0]).not.toContain('by-value')
  })
})

it('names scopes one way for all issuers', () => {
  const cognito = {
    provider: 'cognito',
    issuer: 'https://cognito-idp.eu-central-1.amazonaws.com/pool',
    audience: resource,
  }
  const both = (scopePrefix: string) =>
    JSON.stringify([
      { ...cognito, scopePrefix },
      { ...cognito, issuer: `${cognito.issuer}2`, scopePrefix: 'a/' },
    ])
  expect(problemsOf({ ...good, MCP_ISSUERS: both('a/') })).toEqual([])
  expect(problemsOf({ ...good, MCP_ISSUERS: both('b/') })).toEqual([
    'MCP_ISSUERS: all issuers must have the same scopePrefix and signInScopes: clients are told one form of scopes',
  ])
})

describe('a replica', () => {
  const sharedStore = JSON.stringify({ store: 'postgres://mcp@db/mcp' })
  const withReplica = (change: object, store = sharedStore) => ({
    ...good,
    MCP_SHARED_STORE: store,
    MCP_REPLICA: JSON.stringify({ name: 'mcp-server-1', address: 'https://mcp-server-1:8481', ...change }),
  })

  it('is known by its name and address in the store that all share', () => {
    expect(readConfig(withReplica({})).replica).toEqual({
      name: 'mcp-server-1',
      address: 'https://mcp-server-1:8481',
      directory: 'postgres://mcp@db/mcp',
    })
  })

  it.each([
    [{ name: 'MCP Server 1' }, sharedStore, 'letters, digits and hyphens'],
    [{ address: 'mcp-server-1:8481' }, sharedStore, 'must be an absolute'],
    [{ address: 'http://mcp-server-1:8481' }, sharedStore, 'is not https'],
    [{}, '', 'set MCP_SHARED_STORE'],
  ])('does not start with %j and the store %j', (change, store, problem) => {
    expect(problemsOf(withReplica(change, store)).join()).toContain(problem)
  })
})

it('keeps the key of evidence with its data, or where it is told', () => {
  expect(readConfig(good).evidenceKeyFile).toBe(join(folder, 'evidence-signing-key.pem'))
  expect(readConfig({ ...good, MCP_EVIDENCE_KEY_FILE: '/keys/evidence.pem' }).evidenceKeyFile).toBe(
    '/keys/evidence.pem',
  )
})
