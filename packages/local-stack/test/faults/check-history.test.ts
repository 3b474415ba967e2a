import { describe, expect, it } from 'vitest'
import { checkHistory } from '../../faults/check-history.ts'
import type { AccessEnded, AccessGivenBack, Call, Fault, HistoryEntry, TokenIssued } from '../../faults/history.ts'

const boundMs = 1_000
const token = (entry: Partial<TokenIssued> = {}): TokenIssued => ({
  kind: 'token',
  token: 'old',
  person: 'anna',
  requestedAt: 0,
  receivedAt: 10,
  ...entry,
})
const ended = (entry: Partial<AccessEnded> = {}): AccessEnded => ({
  kind: 'ended',
  person: 'anna',
  by: 'corporate-idp-disable',
  what: 'tokens',
  startedAt: 1_000,
  answeredAt: 1_050,
  ...entry,
})
const back = (entry: Partial<AccessGivenBack> = {}): AccessGivenBack => ({
  kind: 'given_back',
  person: 'anna',
  what: 'tokens',
  startedAt: 3_000,
  answeredAt: 5_000,
  ...entry,
})
const call = (startedAt: number, answer: Call['answer'], entry: Partial<Call> = {}): Call => ({
  kind: 'call',
  replica: 1,
  token: 'old',
  needs: 'presence',
  startedAt,
  endedAt: startedAt + 5,
  answer,
  ...entry,
})
const fault = (entry: Partial<Fault> = {}): Fault => ({
  kind: 'fault',
  name: 'the store is away',
  mayAnswer: ['unavailable'],
  from: 2_000,
  until: 3_000,
  ...entry,
})
const rulesBrokenBy = (...history: HistoryEntry[]) => checkHistory(history, { boundMs }).map(({ rule }) => rule)

describe('a history without a violation', () => {
  it('allows before the end and within the bound, and denies from then on', () => {
    const calls = [call(500, 'allowed'), call(2_050, 'allowed'), call(2_060, 'denied'), call(9_000, 'denied')]
    expect(rulesBrokenBy(token(), ended(), ...calls, call(2_040, 'allowed', { replica: 2 }))).toEqual([])
  })

  it('allows for longer where a way out has a bound of its own, and no longer than that', () => {
    const slow = { boundMs, boundMsOf: { 'global-token-revocation': 6_000 } }
    const judge = (by: string, at: number) =>
      checkHistory([token(), ended({ by }), call(at, 'allowed')], slow).map(({ rule }) => rule)
    expect(judge('global-token-revocation', 7_050)).toEqual([])
    expect(judge('global-token-revocation', 7_051)).toEqual(['allowed_after_bound'])
    expect(judge('keycloak-disable', 2_051)).toEqual(['allowed_after_bound'])
  })

  it('denies the old token after the person was enabled, and allows the new one', () => {
    const fresh = token({ token: 'new', requestedAt: 5_001, receivedAt: 5_500 })
    const calls = [call(6_000, 'denied'), call(6_000, 'allowed', { token: 'new' })]
    expect(rulesBrokenBy(token(), ended(), back(), fresh, ...calls)).toEqual([])
  })

  it('refuses only what needs the permission that was taken', () => {
    const taken = ended({ what: 'permission', by: 'group-removed' })
    const calls = [call(2_500, 'forbidden', { needs: 'permission' }), call(2_500, 'allowed')]
    expect(rulesBrokenBy(token(), taken, ...calls)).toEqual([])
  })

  it('allows again what needs the permission that came back', () => {
    const changes = [ended({ what: 'permission' }), back({ what: 'permission' })]
    expect(rulesBrokenBy(token(), ...changes, call(3_100, 'allowed', { needs: 'permission' }))).toEqual([])
  })

  it('answers that it cannot know while a fault lasts', () => {
    expect(rulesBrokenBy(token(), fault(), call(2_500, 'unavailable'))).toEqual([])
  })

  it('denies while a clock is wrong, and allows when it is right again', () => {
    const calls = [call(2_500, 'denied'), call(4_000, 'allowed')]
    expect(rulesBrokenBy(token(), fault({ mayAnswer: ['denied'] }), ...calls)).toEqual([])
  })

  it('ends one token and not another of the same person', () => {
    const other = token({ token: 'other' })
    const one = ended({ what: 'token', token: 'old' })
    expect(
      rulesBrokenBy(token(), other, one, call(2_500, 'denied'), call(2_500, 'allowed', { token: 'other' })),
    ).toEqual([])
  })
})

describe('a planted violation is found', () => {
  it('an allow after a denial of the same token, within the bound or not', () => {
    expect(rulesBrokenBy(token(), ended(), call(1_100, 'denied'), call(1_106, 'allowed'))).toEqual([
      'allowed_after_denial',
    ])
  })

  it('an allow that began a moment after the bound', () => {
    expect(rulesBrokenBy(token(), ended(), call(2_050, 'allowed'))).toEqual([])
    expect(rulesBrokenBy(token(), ended(), call(2_051, 'allowed'))).toEqual(['allowed_after_bound'])
  })

  it('an allow of what had ended, though a fault denied it first', () => {
    const calls = [call(2_500, 'denied'), call(4_000, 'allowed')]
    expect(rulesBrokenBy(token(), ended(), fault({ mayAnswer: ['denied'] }), ...calls)).toEqual(['allowed_after_bound'])
  })

  it('an allow at a replica that never denied', () => {
    const calls = [call(1_100, 'denied'), call(2_500, 'allowed', { replica: 2 })]
    expect(rulesBrokenBy(token(), ended(), ...calls)).toEqual(['allowed_after_bound'])
  })

  it('an old token that lives again when its person is enabled', () => {
    expect(rulesBrokenBy(token(), ended(), back(), call(5_500, 'allowed'))).toEqual(['revived'])
  })

  it('an old token of a person who was enabled and disabled and enabled', () => {
    const again = [ended({ startedAt: 6_000, answeredAt: 6_050 }), back({ startedAt: 7_000, answeredAt: 8_000 })]
    expect(rulesBrokenBy(token(), ended(), back(), ...again, call(9_000, 'allowed'))).toEqual(['revived'])
  })

  it('the one token that was ended', () => {
    expect(rulesBrokenBy(token(), ended({ what: 'token', token: 'old' }), call(2_500, 'allowed'))).toEqual([
      'allowed_after_bound',
    ])
  })

  it('an allow without the permission that was taken', () => {
    const taken = ended({ what: 'permission' })
    expect(rulesBrokenBy(token(), taken, call(2_500, 'allowed', { needs: 'permission' }))).toEqual([
      'allowed_after_bound',
    ])
  })

  it.each(['denied', 'forbidden', 'unavailable', 'failed'] as const)('somebody else who is %s', (answer) => {
    const other = token({ token: 'other', person: 'bob' })
    expect(rulesBrokenBy(token(), other, ended(), call(2_500, answer, { token: 'other' }))).toEqual(['harmed'])
  })

  it('a denial before the end had begun', () => {
    expect(rulesBrokenBy(token(), ended(), call(900, 'denied'))).toEqual(['harmed'])
  })

  it('a denial of the token that was asked for after the person was enabled', () => {
    const fresh = token({ token: 'new', requestedAt: 5_001, receivedAt: 5_500 })
    expect(rulesBrokenBy(ended(), back(), fresh, call(6_000, 'denied', { token: 'new' }))).toEqual(['harmed'])
  })

  it('a refusal of another call than the one whose permission was taken', () => {
    expect(rulesBrokenBy(token(), ended({ what: 'permission' }), call(2_500, 'forbidden'))).toEqual(['harmed'])
  })

  it('a permission that came back and is refused later than the bound', () => {
    const changes = [ended({ what: 'permission' }), back({ what: 'permission' })]
    expect(rulesBrokenBy(token(), ...changes, call(6_001, 'forbidden', { needs: 'permission' }))).toEqual(['harmed'])
  })

  it.each([
    ['after it', {}, call(3_001, 'unavailable')],
    ['at another replica', { replica: 2 }, call(2_500, 'unavailable')],
    ['with another answer', {}, call(2_500, 'failed')],
  ])('what a fault does not excuse: %s', (_which, entry, made) => {
    expect(rulesBrokenBy(token(), fault(entry), made)).toEqual(['harmed'])
  })
})

it('refuses a history whose call names an unknown token', () => {
  expect(() => rulesBrokenBy(call(0, 'allowed'))).toThrow('does not know the token old')
})
