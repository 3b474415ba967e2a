import { describe, expect, it } from 'vitest'
import { findAlgorithm } from '../src/algorithms.ts'
import { VerifiedHeaders } from '../src/known-headers.ts'
import type { TokenHeader } from '../src/token-header.ts'

const algorithm = findAlgorithm('RS256')
if (algorithm === undefined) throw new Error('RS256 is known')
const header = (keyId: string): TokenHeader => ({ algorithm, keyId, type: 'jwt', hasNonce: false })

/** Headers of that many tokens, called 0, 1, 2 and so on. */
function headersOf(count: number): VerifiedHeaders {
  const headers = new VerifiedHeaders()
  for (let number = 0; number < count; number += 1) headers.add(`${number}.payload.signature`, header(`${number}`))
  return headers
}

describe('headers of verified tokens', () => {
  it('are known by what stands before the first dot, the last one and those before it', () => {
    const headers = headersOf(2)
    expect(headers.get('0')).toEqual(header('0'))
    expect(headers.get('1')).toEqual(header('1'))
    expect(headers.get('1.payload.signature')).toBeUndefined()
    expect(headers.get('2')).toBeUndefined()
  })

  it('are remembered up to 256, and then begun anew', () => {
    const full = headersOf(256)
    expect(full.get('0')).toEqual(header('0'))
    const overfull = headersOf(257)
    expect(overfull.get('0')).toBeUndefined()
    expect(overfull.get('255')).toBeUndefined()
    expect(overfull.get('256')).toEqual(header('256'))
  })
})
