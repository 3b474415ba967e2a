import { describe, expect, it } from 'vitest'
import type { ReviewedAccount } from '../../src/client/api/access-review.ts'
import type { Person } from '../../src/client/api/people.ts'
import { findDrift } from '../../src/client/pages/review/find-drift.ts'

const person: Person = {
  username: 'bob',
  name: 'Bob Brandt',
  email: 'bob@company.com',
  groups: ['All Staff', 'Account Managers'],
  active: true,
}
const account: ReviewedAccount = {
  kind: 'person',
  subject: 'sub-bob',
  username: 'bob',
  clientId: undefined,
  name: 'Bob Brandt',
  email: 'bob@company.com',
  department: 'Sales West',
  isEnabled: true,
  groups: ['All Staff', 'Account Managers'],
  grants: [],
}
const none = { username: 'bob', name: 'Bob Brandt', missing: [], extra: [], isStillEnabled: false }

describe('drift', () => {
  it('is none where directory and realm say the same', () => expect(findDrift([person], [account])).toEqual([]))

  it.each<[string, Person[], ReviewedAccount[], object[]]>([
    [
      'a group that only the realm has',
      [person],
      [{ ...account, groups: [...account.groups, 'Operations'] }],
      [{ ...none, extra: ['Operations'] }],
    ],
    [
      'a group that only the directory has',
      [{ ...person, groups: [...person.groups, 'Operations'] }],
      [account],
      [{ ...none, missing: ['Operations'] }],
    ],
    [
      'a person whom the directory has disabled',
      [{ ...person, active: false }],
      [account],
      [{ ...none, isStillEnabled: true }],
    ],
    [
      'a person whom the directory does not know',
      [],
      [account],
      [{ ...none, extra: ['All Staff', 'Account Managers'], isStillEnabled: true }],
    ],
    ['nobody who never signed in', [person], [], []],
    ['no service', [], [{ ...account, kind: 'service' }], []],
  ])('is %s', (_what, people, accounts, drift) => expect(findDrift(people, accounts)).toEqual(drift))
})
