import { testKeys } from '@mcp-identity/test-kit'
import { describe, expect, it } from 'vitest'
import { findAlgorithm, supportedAlgorithms } from '../src/algorithms.ts'
import { KeyRing } from '../src/key-ring.ts'

const { rsa, rsaNext, p256 } = testKeys
const read = (keys: unknown, previous?: KeyRing) => KeyRing.read({ keys }, supportedAlgorithms, previous)
const rs256 = findAlgorithm('RS256')

describe('a ring of keys', () => {
  it('is read from a list of up to 5,000 entries (RFC 7517 section 5)', () => {
    expect(read([])).toBeDefined()
    expect(read(Array.from({ length: 5000 }, () => null))).toBeDefined()
    expect(read(Array.from({ length: 5001 }, () => null))).toBeUndefined()
    for (const keys of [undefined, null, {}, 'keys', { length: 1 }]) expect(read(keys)).toBeUndefined()
  })

  it('gives every key of an id, and nothing else', () => {
    const twin = { ...rsaNext.publicJwk, kid: rsa.kid }
    const { kid: _kid, ...anonymous } = p256.publicJwk
    const ring = read([rsa.publicJwk, twin, anonymous])
    expect(ring?.withId(rsa.kid).map(({ id, algorithm }) => [id, algorithm.name])).toEqual([
      [rsa.kid, 'RS256'],
      [rsa.kid, 'RS256'],
    ])
    expect(ring?.withId('undefined')).toEqual([])
    expect(ring?.withId('other')).toEqual([])
  })

  it('gives a key without an id only where there is no choice', () => {
    if (rs256 === undefined) throw new Error('RS256 is known')
    expect(read([rsa.publicJwk, p256.publicJwk])?.onlyKeyFor(rs256)).toHaveLength(1)
    expect(read([rsa.publicJwk, rsaNext.publicJwk])?.onlyKeyFor(rs256)).toEqual([])
    expect(read([p256.publicJwk])?.onlyKeyFor(rs256)).toEqual([])
  })

  it('keeps the keys that the one before it had, and marks those that are gone', () => {
    const before = read([rsa.publicJwk, p256.publicJwk])
    const after = read([rsa.publicJwk, rsaNext.publicJwk], before)
    const [kept] = before?.withId(rsa.kid) ?? []
    expect(after?.withId(rsa.kid)).toEqual([kept])
    expect(after?.withId(rsa.kid)[0]).toBe(kept)
    expect(kept?.withdrawn).toBe(false)
    expect(before?.withId(p256.kid)[0]?.withdrawn).toBe(true)
  })
})
