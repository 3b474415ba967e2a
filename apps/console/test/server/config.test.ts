import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../../src/config.ts'

const valid = {
  CONSOLE_PORT: '8480',
  CONSOLE_ISSUER: 'http://localhost:8483/realms/company',
  CONSOLE_CLIENT_ID: 'console',
  CONSOLE_MCP_URL: 'http://localhost:8481/mcp',
  CONSOLE_CORPORATE_IDP_URL: 'http://localhost:8482',
  CONSOLE_DEVELOPMENT: '1',
}

const problemsOf = (environment: Record<string, string | undefined>): string[] => {
  try {
    readConfig(environment)
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message.split('\n')
  }
}

describe('readConfig', () => {
  it('reads a complete environment', () => {
    expect(readConfig(valid)).toEqual({
      port: 8480,
      host: '127.0.0.1',
      development: true,
      settings: {
        issuer: 'http://localhost:8483/realms/company',
        clientId: 'console',
        mcp: 'http://localhost:8481/mcp',
        replicas: [],
        corporateIdp: 'http://localhost:8482',
        development: true,
      },
    })
  })

  it('takes the public key of the audit log, and nothing else in its place', () => {
    const key = 'mcp-identity/audit+1c2d3e4f+AQIDBA=='
    for (const keys of [key, `${key} mcp-identity/audit/mcp-server-2+5d6e7f80+AQIDBA==`])
      expect(readConfig({ ...valid, CONSOLE_AUDIT_KEY: keys }).settings.auditKey).toBe(keys)
    expect(problemsOf({ ...valid, CONSOLE_AUDIT_KEY: 'a key' })).toEqual([
      'CONSOLE_AUDIT_KEY: must be a key of the form name+hash+key, or several of them separated by a space',
    ])
  })

  it('takes the addresses of replicas, and nothing but origins', () => {
    const replicas = ['http://localhost:8481', 'http://localhost:8486']
    expect(readConfig({ ...valid, CONSOLE_MCP_REPLICAS: replicas.join(', ') }).settings.replicas).toEqual(replicas)
    for (const wrong of [
      'localhost:8481',
      'http://localhost:8481/mcp',
      "http://localhost:8481;script-src 'unsafe-inline'",
    ])
      expect(problemsOf({ ...valid, CONSOLE_MCP_REPLICAS: wrong }), wrong).toEqual([
        'CONSOLE_MCP_REPLICAS: must list origins such as https://mcp-2.company.com',
      ])
    expect(problemsOf({ ...valid, CONSOLE_DEVELOPMENT: '0', CONSOLE_MCP_REPLICAS: 'http://localhost:8481' })).toContain(
      'CONSOLE_MCP_REPLICAS: must be https outside development',
    )
  })

  it('listens on this machine alone unless told otherwise', () => {
    expect(readConfig({ ...valid, CONSOLE_HOST: '0.0.0.0' }).host).toBe('0.0.0.0')
  })

  it('names every problem at once', () => {
    expect(problemsOf({ CONSOLE_PORT: '70000', CONSOLE_DEVELOPMENT: 'yes' }).map((line) => line.split(':')[0])).toEqual(
      ['CONSOLE_PORT', 'CONSOLE_ISSUER', 'CONSOLE_MCP_URL', 'CONSOLE_CORPORATE_IDP_URL', 'CONSOLE_DEVELOPMENT'],
    )
  })

  it('refuses plain http outside development, for each address', () => {
    expect(problemsOf({ ...valid, CONSOLE_DEVELOPMENT: '0' })).toEqual([
      'CONSOLE_ISSUER: must be https outside development',
      'CONSOLE_MCP_URL: must be https outside development',
      'CONSOLE_CORPORATE_IDP_URL: must be https outside development',
    ])
  })

  it.each([
    ['a second directive', "http://localhost:8481/mcp; script-src 'unsafe-inline'"],
    ['a space', 'http://localhost:8481 *'],
    ['another scheme', 'javascript:alert(1)'],
    ['a fragment', 'http://localhost:8481/mcp#x'],
    ['a wildcard', 'http://*'],
    ['user information', 'http://user@localhost:8481/mcp'],
    ['a closing slash', 'http://localhost:8481/'],
  ])('refuses an address with %s, which would end up in the Content-Security-Policy', (_what, address) => {
    expect(problemsOf({ ...valid, CONSOLE_MCP_URL: address })).toHaveLength(1)
  })

  it('refuses an issuer that is no realm', () => {
    expect(problemsOf({ ...valid, CONSOLE_ISSUER: 'http://localhost:8483' })).toEqual([
      'CONSOLE_ISSUER: must end in /realms/ and the name of the realm',
    ])
  })
})
