import { describe, expect, it } from 'vitest'
import { checkLifetime, checkTimeOrder, checkTimes } from '../../src/checks/times.ts'

const now = 1_800_000_000
const times = { expiresAt: now + 60, notBefore: undefined, issuedAt: undefined }

describe('the times of a token', () => {
  it('are good between nbf and exp, give or take the tolerance (RFC 7519 sections 4.1.4 to 4.1.6)', () => {
    expect(() => checkTimes({ expiresAt: now - 4, notBefore: now + 5, issuedAt: now + 5 }, now, 5)).not.toThrow()
  })

  it('are told in seconds when they are not', () => {
    expect(() => checkTimes({ ...times, expiresAt: now - 10 }, now, 5)).toThrow('the token expired 10 seconds ago')
    expect(() => checkTimes({ ...times, notBefore: now + 7 }, now, 5)).toThrow('is not valid for another 7 seconds')
    expect(() => checkTimes({ ...times, issuedAt: now + 8 }, now, 5)).toThrow('"iat" is 8 seconds ahead of this clock')
  })

  it('are in order: exp is later than iat and nbf', () => {
    expect(() => checkTimeOrder({ expiresAt: now, notBefore: now - 1, issuedAt: now - 1 })).not.toThrow()
    expect(() => checkTimeOrder({ expiresAt: 1, notBefore: undefined, issuedAt: undefined })).not.toThrow()
    for (const wrong of [{ issuedAt: now }, { notBefore: now }, { issuedAt: now + 1 }, { notBefore: now + 1 }]) {
      const order = { expiresAt: now, notBefore: undefined, issuedAt: undefined, ...wrong }
      expect(() => checkTimeOrder(order)).toThrow('"exp" must be later than "iat" and "nbf"')
    }
    expect(() => checkTimeOrder({ expiresAt: 0, notBefore: undefined, issuedAt: undefined })).toThrow('"exp"')
  })

  it('are not further apart than is accepted', () => {
    expect(() => checkLifetime(300, 300)).not.toThrow()
    expect(() => checkLifetime(301, 300)).toThrow('the token lives 301 seconds, accepted are 300')
  })
})
