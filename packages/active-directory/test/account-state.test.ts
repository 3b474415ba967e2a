import { describe, expect, it } from 'vitest'
import { readAccountState, readExpiry } from '../src/index.ts'

const now = Date.UTC(2026, 10, 28, 12)
/** The same instant in intervals of 100 ns since 1601. */
const nowAsFileTime = 134_403_408_000_000_000n
const good = {
  userAccountControl: '512',
  'msDS-User-Account-Control-Computed': '0',
  accountExpires: '9223372036854775807',
  pwdLastSet: '134403340314635710',
  primaryGroupID: '513',
}

describe('an account', () => {
  it.each([
    ['as it should be', {}, 'active'],
    ['without an end, said as zero', { accountExpires: '0' }, 'active'],
    ['that ends in a millisecond', { accountExpires: String(nowAsFileTime + 10_000n) }, 'active'],
    ['that ends now', { accountExpires: String(nowAsFileTime) }, 'account_expired'],
    ['that is disabled', { userAccountControl: '514' }, 'disabled'],
    [
      'that is disabled and locked',
      { userAccountControl: '514', 'msDS-User-Account-Control-Computed': '16' },
      'disabled',
    ],
    ['that is locked', { 'msDS-User-Account-Control-Computed': '16' }, 'locked'],
    ['whose password has expired', { 'msDS-User-Account-Control-Computed': '8388608' }, 'password_expired'],
    ['whose password has to be changed', { pwdLastSet: '0' }, 'password_expired'],
    ['whose password never expires', { pwdLastSet: '0', userAccountControl: '66048' }, 'active'],
    ['of a guest', { primaryGroupID: '514' }, 'no_member_of_staff'],
  ])('%s', (_, changed, state) => {
    expect(readAccountState({ ...good, ...changed }, now)).toBe(state)
  })

  it('tells when it ends in milliseconds', () => {
    expect(readExpiry(String(nowAsFileTime))).toBe(now)
    expect(readExpiry('0')).toBeUndefined()
    expect(readExpiry(undefined)).toBeUndefined()
  })
})
