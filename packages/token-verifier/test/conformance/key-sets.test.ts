import {
  assembleToken,
  type KeySetBehaviour,
  mintAccessToken,
  poisonedEntries,
  poisonedKeySet,
  publicKeySet,
  type TestKey,
  testKeys,
} from '@mcp-identity/test-kit'
import { describe, expect, it } from 'vitest'
import { valid, validToken, withHeader } from './refused-case.ts'
import { keySetTimeoutMs, makeVerifier, outcomeOf } from './verifier-under-test.ts'

const quick = { keySets: { timeoutMs: keySetTimeoutMs } }
const tokenOf = (key: TestKey): string => mintAccessToken({ provider: 'keycloak', key })

describe('while the key set cannot be had', () => {
  const failures: readonly (readonly [KeySetBehaviour, string])[] = [
    ['down', 'RFC 7517 section 5'],
    ['failing', 'RFC 7517 section 5'],
    ['notFound', 'RFC 7517 section 5'],
    ['noContent', 'RFC 7517 section 5'],
    ['empty', 'RFC 7517 section 5'],
    ['html', 'RFC 7517 section 5'],
    ['truncated', 'RFC 8259 section 2'],
    ['jsonArray', 'RFC 7517 section 5'],
    ['keysIsAnObject', 'RFC 7517 section 5.1'],
    ['withoutKeys', 'RFC 7517 section 5.1'],
    ['silent', 'RFC 8725 section 3.10'],
    ['stalled', 'RFC 8725 section 3.10'],
    ['dripping', 'RFC 8725 section 3.10'],
    ['reset', 'RFC 7517 section 5'],
    ['huge', 'RFC 8725 section 3.15'],
    ['declaredHuge', 'RFC 8725 section 3.15'],
    ['gzipBomb', 'RFC 8725 section 3.15'],
    ['redirecting', 'RFC 8725 section 3.10'],
    ['redirectingElsewhere', 'RFC 8725 section 3.10'],
    ['redirectLoop', 'RFC 8725 section 3.10'],
  ]

  it.each(failures)('says unavailable, not refused, when it is %s (%s)', async (behaviour) => {
    const { verifier, keySet } = await makeVerifier(quick, { behaviour })
    expect(await outcomeOf(verifier.verify(validToken))).toBe('unavailable')
    expect(new Set(keySet.requestedPaths)).toEqual(new Set(['/jwks']))
    expect(keySet.keySetFetches).toBe(behaviour === 'reset' ? 2 : 1)
  })

  it.each(failures)('goes on with the keys it knows when it is %s (%s)', async (behaviour) => {
    const { verifier, keySet } = await makeVerifier(quick)
    await verifier.verify(validToken)
    keySet.behave(behaviour)
    expect(await outcomeOf(verifier.verify(tokenOf(testKeys.p256)))).toBe('accepted')
    expect(await outcomeOf(verifier.verify(tokenOf(testKeys.attackerRsa)))).toMatch(/^(unavailable|key_unknown)$/)
    expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
  })

  it('asks once more when a connection was lost, which may be one that was kept open too long', async () => {
    const { verifier, keySet } = await makeVerifier({
      ...quick,
      fetch: (...parameters) => {
        const answer = fetch(...parameters)
        keySet.behave('ok')
        return answer
      },
    })
    keySet.behave('reset')
    expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
  })

  it('says when to ask again', async () => {
    const { verifier } = await makeVerifier(quick, { behaviour: 'down' })
    await expect(verifier.verify(validToken)).rejects.toMatchObject({ retryAfterSeconds: expect.any(Number) })
  })

  it('does not ask for it again at every call', async () => {
    const { verifier, keySet } = await makeVerifier(quick, { behaviour: 'down' })
    for (let call = 0; call < 100; call += 1) await outcomeOf(verifier.verify(validToken))
    expect(keySet.keySetFetches).toBeLessThanOrEqual(2)
  })

  it('still refuses at once what no key could make right', async () => {
    const { verifier, keySet } = await makeVerifier(quick, { behaviour: 'silent' })
    expect(await outcomeOf(verifier.verify('a.b.c'))).toBe('malformed')
    expect(await outcomeOf(verifier.verify(withHeader({ alg: 'HS256' })))).toBe('algorithm_not_allowed')
    expect(keySet.keySetFetches).toBe(0)
  })
})

describe('a key set', () => {
  it('is fetched once for 100 first calls at the same time', async () => {
    const { verifier, keySet } = await makeVerifier({}, { behaviour: 'slow' })
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => outcomeOf(verifier.verify(validToken))))
    expect(new Set(outcomes)).toEqual(new Set(['accepted']))
    expect(keySet.keySetFetches).toBe(1)
  })

  it('is fetched at most twice for 1,000 unknown key ids', async () => {
    const { verifier, keySet } = await makeVerifier()
    const flood = Array.from({ length: 1000 }, (_value, index) => withHeader({ kid: `unknown-${index}` }))
    const outcomes = await Promise.all(flood.map((token) => outcomeOf(verifier.verify(token))))
    expect(new Set(outcomes)).toEqual(new Set(['key_unknown']))
    expect(keySet.keySetFetches).toBeLessThanOrEqual(2)
  })

  it('gives a key that was rotated in as soon as a token uses it', async () => {
    const { verifier, keySet } = await makeVerifier()
    await verifier.verify(validToken)
    keySet.publish(publicKeySet(testKeys.rsa, testKeys.rsaNext))
    expect(await outcomeOf(verifier.verify(tokenOf(testKeys.rsaNext)))).toBe('accepted')
    expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
    expect(keySet.keySetFetches).toBe(2)
  })

  it('gives a key that was rotated in within 2 seconds, also in a flood of unknown key ids', async () => {
    const { verifier, keySet } = await makeVerifier()
    await verifier.verify(validToken)
    let number = 0
    const flood = (): Promise<unknown> =>
      Promise.all(
        Array.from({ length: 20 }, () => outcomeOf(verifier.verify(withHeader({ kid: `unknown-${number++}` })))),
      )
    for (let round = 0; round < 10; round += 1) await flood()
    keySet.publish(publicKeySet(testKeys.rsa, testKeys.rsaNext))
    const begin = performance.now()
    while ((await outcomeOf(verifier.verify(tokenOf(testKeys.rsaNext)))) !== 'accepted') {
      await flood()
      expect(performance.now() - begin).toBeLessThan(2000)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(keySet.keySetFetches).toBeLessThanOrEqual(5)
  })

  it('that is poisoned gives its good keys', async () => {
    const { verifier } = await makeVerifier({}, { behaviour: 'poisoned' })
    for (const key of [testKeys.rsa, testKeys.p256, testKeys.ed25519]) {
      expect(await outcomeOf(verifier.verify(tokenOf(key)))).toBe('accepted')
    }
  })

  it('with no key at all refuses by its key', async () => {
    const { verifier } = await makeVerifier({}, { behaviour: 'noKeys' })
    expect(await outcomeOf(verifier.verify(validToken))).toBe('key_unknown')
  })

  it('may hold 2,000 keys', async () => {
    const many = Array.from({ length: 2000 }, (_value, index) => ({ ...testKeys.p256.publicJwk, kid: `key-${index}` }))
    const { verifier } = await makeVerifier({}, { keySet: { keys: [...many, testKeys.rsa.publicJwk] } })
    expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
  })

  it('may hold keys without alg, use and key_ops', async () => {
    const { kty, n, e, kid } = testKeys.rsa.publicJwk
    const { verifier } = await makeVerifier({}, { keySet: { keys: [{ kty, n, e, kid }] } })
    expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
  })

  it('may hold keys without kid, for tokens without kid', async () => {
    const { kid, ...anonymous } = testKeys.rsa.publicJwk
    const { verifier } = await makeVerifier({}, { keySet: { keys: [anonymous, testKeys.p256.publicJwk] } })
    expect(await outcomeOf(verifier.verify(withHeader({ kid: undefined })))).toBe('accepted')
    expect(await outcomeOf(verifier.verify(validToken))).toBe('key_unknown')
  })

  it('leaves no choice of key to a token without kid', async () => {
    const { verifier } = await makeVerifier({}, { keySet: publicKeySet(testKeys.rsa, testKeys.rsaNext) })
    expect(await outcomeOf(verifier.verify(withHeader({ kid: undefined })))).toBe('key_unknown')
  })

  it('with a kid twice gives the key that fits', async () => {
    for (const other of [testKeys.rsaNext, testKeys.p256]) {
      const twin = { ...other.publicJwk, kid: testKeys.rsa.kid }
      const { verifier } = await makeVerifier({}, { keySet: { keys: [twin, testKeys.rsa.publicJwk] } })
      expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
    }
  })

  it('may hold members nobody knows', async () => {
    const keySet = { ...publicKeySet(testKeys.rsa), 'urn:example:member': { a: 1 } }
    const { verifier } = await makeVerifier({}, { keySet })
    expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
  })
})

/** Who could sign with an entry, if it were used: most are variants of keys whose private half is at hand. */
const signers: Readonly<Record<string, readonly [TestKey, string]>> = {
  'poison-private': [testKeys.attackerRsa, 'RS256'],
  'poison-weak': [testKeys.weakRsa, 'RS256'],
  'poison-e3': [testKeys.smallExponentRsa, 'RS256'],
  'poison-e1': [testKeys.rsa, 'RS256'],
  'poison-enc': [testKeys.encryption, 'RS256'],
  'poison-ops': [testKeys.rsa, 'RS256'],
  'poison-alg': [testKeys.p256, 'ES256'],
}

describe('an entry of a key set is left out because', () => {
  it.each(poisonedEntries.map((poison) => [poison.why, poison.source, poison.entry] as const))(
    '%s (%s)',
    async (_why, _source, entry) => {
      const { verifier } = await makeVerifier({}, { keySet: { keys: [entry, testKeys.ed25519.publicJwk] } })
      const kid = String((entry as { kid?: unknown } | null)?.kid ?? 'none')
      const [signer, algorithm] = signers[kid] ?? [testKeys.rsa, 'RS256']
      const token = assembleToken({
        header: { ...valid.header, alg: algorithm, kid },
        payload: valid.claims,
        key: signer,
        algorithm,
      })
      expect(await outcomeOf(verifier.verify(token))).toBe('key_unknown')
      expect(await outcomeOf(verifier.verify(tokenOf(testKeys.ed25519)))).toBe('accepted')
    },
  )

  it.each(poisonedEntries.filter(({ why }) => why.includes('small order')).map(({ entry }) => [entry] as const))(
    'it would fit the signature of many messages: %o',
    async (entry) => {
      const { verifier } = await makeVerifier({}, { keySet: { keys: [entry] } })
      const signature = Buffer.concat([Buffer.of(1), Buffer.alloc(63)])
      const header = { ...valid.header, alg: 'EdDSA', kid: (entry as { kid: string }).kid }
      expect(await outcomeOf(verifier.verify(assembleToken({ header, payload: valid.claims, signature })))).toBe(
        'key_unknown',
      )
    },
  )
})

describe('a poisoned key set document', () => {
  it('keeps its good entries in order', () => {
    const { keys } = poisonedKeySet(publicKeySet(testKeys.rsa, testKeys.p256))
    expect(keys.filter((entry) => entry === testKeys.rsa.publicJwk || entry === testKeys.p256.publicJwk)).toHaveLength(
      2,
    )
  })
})
