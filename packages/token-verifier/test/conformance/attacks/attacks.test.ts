import {
  createFrozenClock,
  dialects,
  type KeySetServer,
  publicKeySet,
  serveKeySet,
  testKeys,
} from '@mcp-identity/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AccessTokenVerifier, createAccessTokenVerifier, keycloak, TokenError } from '../../../src/index.ts'
import { type RefusedCase, validToken } from '../refused-case.ts'
import { algorithmAttacks } from './algorithms.ts'
import { claimAttacks } from './claims.ts'
import { encryptedTokenAttacks } from './encrypted-tokens.ts'
import { keyAttacks } from './keys.ts'
import { serializationAttacks } from './serialization.ts'
import { signatureAttacks } from './signatures.ts'

const { rsa, rsaPss, p256, p384, ed25519, encryption } = testKeys
const { issuer, audience } = dialects.keycloak
let server: KeySetServer
let verifier: AccessTokenVerifier

beforeAll(async () => {
  server = await serveKeySet({ keySet: publicKeySet(rsa, rsaPss, p256, p384, ed25519, encryption) })
  verifier = createAccessTokenVerifier({
    resource: audience,
    issuers: [keycloak({ issuer, audience, jwksUri: server.jwksUri, dangerouslyAllowInsecureHttp: true })],
    clock: createFrozenClock(),
    onWarning: () => undefined,
  })
})

afterAll(async () => {
  verifier.close()
  await server.close()
})

/** Tells what came out, in a form that a failing test prints well. */
async function refusalOf(token: unknown): Promise<Record<string, unknown>> {
  const outcome = await verifier.verify(token as string).catch((error: unknown) => error)
  if (!(outcome instanceof TokenError)) return { outcome }
  const { name, code, reason } = outcome
  return { name, code, reason }
}

const classes: readonly (readonly [string, readonly RefusedCase[]])[] = [
  ['how a token is written', serializationAttacks],
  ['its algorithm', algorithmAttacks],
  ['its signature', signatureAttacks],
  ['its key, and how it is to be read', keyAttacks],
  ['encrypted tokens', encryptedTokenAttacks],
  ['its claims', claimAttacks],
]

it('accepts the valid token that every attack starts from', async () => {
  await expect(verifier.verify(validToken)).resolves.toMatchObject({ issuer, audiences: [audience] })
})

describe.each(classes)('%s', (_, cases) => {
  it.each(cases.map((attack) => [attack.title, attack.source, attack] as const))(
    '%s (%s)',
    async (_title, _source, attack) => {
      expect(await refusalOf(attack.token)).toEqual({
        name: 'TokenError',
        code: 'invalid_token',
        reason: attack.reason,
      })
    },
  )
})

describe('a refusal', () => {
  const everyCase = classes.flatMap(([, cases]) => cases)

  it('has a title of its own', () => {
    const titles = everyCase.map(({ title }) => title)
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([])
  })

  it('never repeats a part of the token', async () => {
    for (const { token } of everyCase) {
      const error: unknown = await verifier.verify(token as string).catch((reason: unknown) => reason)
      const said =
        error instanceof Error ? `${error.message} ${error.stack} ${JSON.stringify(error)} ${error.cause}` : ''
      const secrets = String(token)
        .split('.')
        .slice(1)
        .filter((part) => part.length > 20)
      expect(secrets.find((part) => said.includes(part))).toBeUndefined()
    }
  })

  it('says nothing about the token before the signature was right', async () => {
    const early = new Set([
      'too_long',
      'malformed',
      'encrypted',
      'header_invalid',
      'payload_invalid',
      'key_unknown',
      'signature_invalid',
    ])
    for (const { token } of everyCase) {
      const error: unknown = await verifier.verify(token as string).catch((reason: unknown) => reason)
      if (error instanceof TokenError && early.has(error.reason)) expect(error.token).toBeUndefined()
    }
  })

  it('does not keep the valid token from being accepted afterwards', async () => {
    await expect(verifier.verify(validToken)).resolves.toBeDefined()
  })

  it('never makes the verifier fetch what a token names', () => {
    expect(new Set(server.requestedPaths)).toEqual(new Set(['/jwks']))
    expect(server.keySetFetches).toBeLessThanOrEqual(20)
  })
})
