import { sign } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type TestKey, testKeys } from '@mcp-identity/test-kit'
import { beforeEach, describe, expect, it } from 'vitest'
import { supportedAlgorithms } from '../src/algorithms.ts'
import { checkSignature } from '../src/signature.ts'
import { readVerificationKey, type VerificationKey } from '../src/verification-key.ts'

const signed = Buffer.from('header.payload')

function publicHalf({ publicJwk }: TestKey): VerificationKey {
  const key = readVerificationKey(publicJwk, supportedAlgorithms)
  if (key === undefined) throw new Error('a test key is sound')
  return key
}

function signWith({ privateKey, algorithm }: TestKey): Buffer {
  return sign(algorithm === 'EdDSA' ? null : 'sha256', signed, { key: privateKey, dsaEncoding: 'ieee-p1363' })
}

/** What is said about one signature when one run of code asks six times. */
const askSixTimes = (key: TestKey, signature: Buffer) =>
  Array.from({ length: 6 }, () => checkSignature(publicHalf(key), signed, signature))

// A run of its own for each test.
beforeEach(() => nextTurn())

describe('a signature', () => {
  it.each([testKeys.p256, testKeys.ed25519])(
    'is checked in the thread pool from the fifth one on: $algorithm',
    async (key) => {
      const answers = askSixTimes(key, signWith(key))
      expect(answers.slice(0, 4)).toEqual([true, true, true, true])
      expect(answers.slice(4).every((answer) => answer instanceof Promise)).toBe(true)
      expect(await Promise.all(answers)).toEqual(Array(6).fill(true))
    },
  )

  it('of RSA is never checked there', () => {
    expect(askSixTimes(testKeys.rsa, signWith(testKeys.rsa))).toEqual(Array(6).fill(true))
  })

  it('leaves the thread pool as it was, so that the next one is checked here', async () => {
    await Promise.all(askSixTimes(testKeys.p256, signWith(testKeys.p256)))
    await nextTurn()
    expect(checkSignature(publicHalf(testKeys.p256), signed, signWith(testKeys.p256))).toBe(true)
  })

  it.each([testKeys.rsa, testKeys.p256, testKeys.ed25519])(
    'of another length never fits, here or in the pool: $algorithm',
    async (key) => {
      const right = signWith(key)
      const half = right.length / 2
      const zero = Buffer.alloc(1)
      const padded = Buffer.concat([zero, right.subarray(0, half), zero, right.subarray(half)])
      for (const wrong of [padded, Buffer.concat([right, zero]), right.subarray(0, -1), Buffer.alloc(0)]) {
        expect(await Promise.all(askSixTimes(key, wrong))).toEqual(Array(6).fill(false))
      }
    },
  )
})
