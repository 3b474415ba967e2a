import { mintAccessToken, publicKeySet, testKeys } from '@mcp-identity/test-kit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { validToken } from './refused-case.ts'
import { keySetTimeoutMs, makeVerifier, outcomeOf } from './verifier-under-test.ts'

const keySets = { refreshMs: 60_000, staleMs: 600_000 }

/** Ages of key sets are told by the monotonic clock of the process, which is moved here. */
let milliseconds = 0
beforeEach(() => {
  milliseconds = 1_000_000
  vi.spyOn(performance, 'now').mockImplementation(() => milliseconds)
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe.each([
  ['with its cache', {}],
  ['without a cache', { cache: false }],
] as const)('a verifier %s', (_, settings) => {
  it('uses a key set up to its age without asking again', async () => {
    const { verifier, keySet } = await makeVerifier({ ...settings, keySets })
    await verifier.verify(validToken)
    milliseconds += 60_000
    await verifier.verify(validToken)
    expect(keySet.keySetFetches).toBe(1)
  })

  it('refuses a withdrawn key once the key set is too old', async () => {
    const { verifier, keySet } = await makeVerifier({ ...settings, keySets })
    await verifier.verify(validToken)
    keySet.publish(publicKeySet(testKeys.rsaNext))
    milliseconds += 60_001
    expect(await outcomeOf(verifier.verify(validToken))).toBe('key_unknown')
  })

  it('goes on with the keys it knows while the issuer is down, and not beyond the limit', async () => {
    const { verifier, keySet } = await makeVerifier({ ...settings, keySets })
    await verifier.verify(validToken)
    keySet.behave('down')
    for (const passed of [60_001, 300_000, 660_000 - 360_001]) {
      milliseconds += passed
      expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
    }
    milliseconds += 1
    expect(await outcomeOf(verifier.verify(validToken))).toBe('unavailable')
  })

  it('accepts again once the issuer is back', async () => {
    const { verifier, keySet } = await makeVerifier({ ...settings, keySets }, { behaviour: 'down' })
    expect(await outcomeOf(verifier.verify(validToken))).toBe('unavailable')
    keySet.behave('ok')
    milliseconds += 10_000
    expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
  })

  it('waits longer and longer between attempts, up to 5 seconds', async () => {
    const attempts: number[] = []
    const { verifier } = await makeVerifier({
      ...settings,
      fetch: async () => {
        attempts.push(milliseconds)
        return new Response(undefined, { status: 503 })
      },
    })
    for (let passed = 0; passed < 30_000; passed += 100) {
      expect(await outcomeOf(verifier.verify(validToken))).toBe('unavailable')
      milliseconds += 100
    }
    const waits = attempts.slice(1).map((attempt, index) => attempt - (attempts[index] ?? 0))
    expect(waits).toEqual([500, 1000, 2000, 4000, 5000, 5000, 5000, 5000])
  })

  it('does not let a flood of unknown key ids delay the accepted ones while the issuer is silent', async () => {
    const { verifier, keySet } = await makeVerifier({
      ...settings,
      keySets: { ...keySets, timeoutMs: keySetTimeoutMs },
    })
    await verifier.verify(validToken)
    keySet.behave('silent')
    const flood = Array.from({ length: 50 }, (_value, number) =>
      outcomeOf(verifier.verify(mintAccessToken({ provider: 'keycloak', header: { kid: `unknown-${number}` } }))),
    )
    expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
    expect(new Set(await Promise.all(flood))).toEqual(new Set(['unavailable']))
  })
})
