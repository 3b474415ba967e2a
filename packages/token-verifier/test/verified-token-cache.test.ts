import { describe, expect, it } from 'vitest'
import { type AcceptedToken, VerifiedTokenCache } from '../src/verified-token-cache.ts'

const accepted = (compact: string) => ({ compact }) as AcceptedToken
const named = (number: number) => `${'x'.repeat(50)}${String(number).padStart(8, '0')}`

/** True when the first of so many tokens is still there. */
function keepsFirstOf(count: number, cache: VerifiedTokenCache): boolean {
  for (let number = 0; number < count; number += 1) cache.add(accepted(named(number)))
  return cache.get(named(0)) !== undefined
}

describe('the cache of verified tokens', () => {
  it('holds as many tokens as it was told to, 10,000 unless told otherwise', () => {
    expect(keepsFirstOf(100, new VerifiedTokenCache({ maxEntries: 100 }))).toBe(true)
    expect(keepsFirstOf(101, new VerifiedTokenCache({ maxEntries: 100 }))).toBe(false)
    expect(keepsFirstOf(10_000, new VerifiedTokenCache())).toBe(true)
    expect(keepsFirstOf(10_001, new VerifiedTokenCache())).toBe(false)
  })

  it('holds as much memory as it was told to, reckoned as four bytes for each character', () => {
    const bytes = named(0).length * 4
    expect(keepsFirstOf(4, new VerifiedTokenCache({ maxBytes: 4 * bytes }))).toBe(true)
    expect(keepsFirstOf(4, new VerifiedTokenCache({ maxBytes: 4 * bytes - 2 }))).toBe(false)
  })

  it('holds 32 MiB unless told otherwise', () => {
    const padding = 'x'.repeat(1024 * 1024)
    const keepsFirstMebibyte = (count: number) => {
      const cache = new VerifiedTokenCache()
      for (let number = 0; number < count; number += 1) cache.add(accepted(padding.slice(1) + number))
      return cache.get(`${padding.slice(1)}0`) !== undefined
    }
    expect(keepsFirstMebibyte(8)).toBe(true)
    expect(keepsFirstMebibyte(9)).toBe(false)
  })

  it('finds a token by the whole of it, not by its end alone', () => {
    const cache = new VerifiedTokenCache()
    const [token, twin] = [`a${'s'.repeat(43)}`, `b${'s'.repeat(43)}`]
    cache.add(accepted(token))
    expect(cache.get(token)?.compact).toBe(token)
    expect(cache.get(twin)).toBeUndefined()
    cache.add(accepted(twin))
    expect(cache.get(twin)?.compact).toBe(twin)
    expect(cache.get(token)).toBeUndefined()
  })

  it('keeps a token that is used', () => {
    const cache = new VerifiedTokenCache({ maxEntries: 10 })
    cache.add(accepted('used'))
    for (let number = 0; number < 100; number += 1) {
      cache.add(accepted(named(number)))
      expect(cache.get('used')?.compact).toBe('used')
    }
  })
})
