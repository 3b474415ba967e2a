import { createLocalJWKSet, createRemoteJWKSet, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  frozenNow,
  type KeySetServer,
  mintAccessToken,
  poisonedEntries,
  publicKeySet,
  serveKeySet,
  testKeys,
} from '../src/index.ts'

let server: KeySetServer
beforeEach(async () => {
  server = await serveKeySet({ issuerPath: '/realms/company' })
})
afterEach(() => server.close())

describe('serveKeySet', () => {
  it('serves the key that signed a token', async () => {
    const token = mintAccessToken({ provider: 'keycloak', issuer: server.issuer })
    const keys = createRemoteJWKSet(new URL(server.jwksUri))
    await expect(jwtVerify(token, keys, { currentDate: new Date(frozenNow * 1000) })).resolves.toBeDefined()
    expect(server.keySetFetches).toBe(1)
  })

  it.each([
    (path: string) => `${path}/.well-known/openid-configuration`,
    (path: string) => `/.well-known/oauth-authorization-server${path}`,
    (path: string) => `/.well-known/openid-configuration${path}`,
  ])('leads to the key set by discovery', async (location) => {
    const answer = await fetch(server.origin + location('/realms/company'))
    expect(await answer.json()).toMatchObject({ issuer: server.issuer, jwks_uri: server.jwksUri })
    expect(server.metadataFetches).toBe(1)
  })

  it('rotates', async () => {
    server.publish(publicKeySet(testKeys.rsaNext))
    expect(await (await fetch(server.jwksUri)).json()).toEqual({ keys: [testKeys.rsaNext.publicJwk] })
  })

  it('holds requests until they are released', async () => {
    server.behave('held')
    const answers = [fetch(server.jwksUri), fetch(server.jwksUri)]
    while (server.keySetFetches < answers.length) await new Promise((resolve) => setImmediate(resolve))
    server.release()
    expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual([200, 200])
  })

  it.each([
    ['down', 503],
    ['failing', 500],
    ['notFound', 404],
    ['noContent', 204],
    ['empty', 200],
    ['html', 200],
    ['truncated', 200],
    ['jsonArray', 200],
    ['keysIsAnObject', 200],
    ['withoutKeys', 200],
    ['noKeys', 200],
    ['redirecting', 302],
    ['redirectingElsewhere', 307],
    ['redirectLoop', 302],
    ['slow', 200],
    ['flapping', 503],
  ] as const)('answers while it is %s: %i', async (behaviour, status) => {
    server.behave(behaviour)
    expect((await fetch(server.jwksUri, { redirect: 'manual' })).status).toBe(status)
  })

  it.each(['silent', 'stalled', 'dripping'] as const)('never finishes while it is %s', async (behaviour) => {
    server.behave(behaviour)
    const answer = fetch(server.jwksUri, { signal: AbortSignal.timeout(300) }).then((response) => response.text())
    await expect(answer).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('ends the connection while it is reset', async () => {
    server.behave('reset')
    await expect(fetch(server.jwksUri)).rejects.toThrow(TypeError)
  })

  it.each(['huge', 'declaredHuge', 'gzipBomb'] as const)('sends more than 50 MB while it is %s', async (behaviour) => {
    server.behave(behaviour)
    const body = (await fetch(server.jwksUri)).body
    let size = 0
    for await (const chunk of body ?? []) {
      size += chunk.length
      if (size > 50_000_000) break
    }
    expect(size).toBeGreaterThan(50_000_000)
  })

  it('keeps the good keys among the poison', async () => {
    server.behave('poisoned')
    const { keys } = (await (await fetch(server.jwksUri)).json()) as { keys: unknown[] }
    expect(keys).toHaveLength(poisonedEntries.length + 3)
    expect(keys).toContainEqual(testKeys.rsa.publicJwk)
  })
})

describe('a key set document', () => {
  it('holds no private member', () => {
    expect(JSON.stringify(publicKeySet(...Object.values(testKeys)))).not.toMatch(/"(d|p|q|k)":/)
    expect(createLocalJWKSet(publicKeySet(testKeys.rsa))).toBeTypeOf('function')
  })
})
