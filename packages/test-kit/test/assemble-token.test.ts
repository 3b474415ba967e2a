import { describe, expect, it } from 'vitest'
import { assembleToken, testKeys } from '../src/index.ts'

describe('assembleToken', () => {
  it('writes objects as JSON, strings as UTF-8 and bytes as they are', () => {
    const token = assembleToken({ header: { alg: 'none' }, payload: 'é', signature: Uint8Array.of(0xff, 0x00) })
    expect(token.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'))).toEqual([
      '{"alg":"none"}',
      'Ã©',
      'ÿ\0',
    ])
  })

  it('leaves the signature empty without a key', () => {
    expect(assembleToken({ header: {}, payload: [] })).toBe('e30.W10.')
  })

  it('hands the signing input to a signature that is a function', () => {
    expect(assembleToken({ header: {}, payload: {}, signature: (input) => input })).toBe('e30.e30.ZTMwLmUzMA')
  })

  it('refuses an algorithm that it does not know', () => {
    expect(() => assembleToken({ header: {}, payload: {}, key: testKeys.rsa, algorithm: 'XX' })).toThrow(TypeError)
  })
})
