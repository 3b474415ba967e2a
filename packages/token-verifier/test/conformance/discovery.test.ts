import { createFrozenClock, type KeySetOptions, mintAccessToken, serveKeySet } from '@mcp-identity/test-kit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAccessTokenVerifier, oauthIssuer } from '../../src/index.ts'
import { outcomeOf } from './verifier-under-test.ts'

const audience = 'https://mcp.company.com/mcp'

async function outcomeWith(
  options: KeySetOptions,
  suffix = '',
): Promise<{ outcome: string; paths: readonly string[] }> {
  const server = await serveKeySet(options)
  onTestFinished(() => server.close())
  const issuer = `${server.issuer}${suffix}`
  const verifier = createAccessTokenVerifier({
    resource: audience,
    issuers: [oauthIssuer({ issuer, audience, dangerouslyAllowInsecureHttp: true })],
    clock: createFrozenClock(),
    onWarning: () => undefined,
  })
  onTestFinished(() => verifier.close())
  const outcome = await outcomeOf(verifier.verify(mintAccessToken({ provider: 'oauthIssuer', issuer })))
  return { outcome, paths: server.requestedPaths }
}

describe('the key set of an issuer is found by its metadata', () => {
  it.each(['', '/realms/company', '/a/b/c'])(
    'with the path inserted (RFC 8414 section 3.1): %j',
    async (issuerPath) => {
      const { outcome, paths } = await outcomeWith({ issuerPath })
      expect(outcome).toBe('accepted')
      expect(paths[0]).toBe(`/.well-known/oauth-authorization-server${issuerPath}`)
    },
  )

  it.each([
    ['names another issuer', { issuer: 'https://other.example' }],
    ['names its issuer with a slash', { issuer: 'http://127.0.0.1/' }],
    ['names no issuer', { issuer: undefined }],
    ['names no key set', { jwks_uri: undefined }],
    ['names a key set that is no address', { jwks_uri: 'jwks' }],
    ['names a key set that is a number', { jwks_uri: 7 }],
    ['names a key set on another machine by http', { jwks_uri: 'http://keys.example/jwks' }],
    ['names a file as key set', { jwks_uri: 'file:///dev/null' }],
    ['names data as key set', { jwks_uri: 'data:application/json,{"keys":[]}' }],
  ])('but not if it %s (RFC 8414 section 3.3)', async (_, metadata) => {
    expect((await outcomeWith({ metadata })).outcome).toBe('unavailable')
  })

  it('but not of an issuer that differs by a slash (RFC 8414 section 3.3)', async () => {
    expect((await outcomeWith({}, '/')).outcome).toBe('unavailable')
  })
})
