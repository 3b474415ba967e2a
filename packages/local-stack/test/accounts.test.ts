import { expect, test } from 'vitest'
import { readAccounts } from '../src/accounts.ts'

const alice = { username: 'alice', password: 'development', groups: ['Customer Admins'] }

test('reads who can sign in, and nothing else of them', () => {
  expect(readAccounts({ ready: true, accounts: [{ ...alice, subject: 'emp-1001' }] })).toEqual([alice])
})

test.each([
  undefined,
  143,
  'ready',
  null,
  { ready: true },
  { accounts: 'alice' },
  { accounts: [{ username: 'alice' }] },
])('finds nobody in %j', (announcement) => {
  expect(readAccounts(announcement)).toEqual([])
})
