import { beforeEach, describe, expect, it } from 'vitest'
import { type Approvals, createApprovals, createBreakGlass, type PolicyCaller } from '../src/index.ts'
import { people } from './people.ts'

let now: number
let events: string[]
const onEvent = ({ action }: { action: string }) => void events.push(action)

beforeEach(() => {
  now = 1000
  events = []
})

describe('four eyes', () => {
  const deletion = { caller: people.alice, tool: 'delete_customer', arguments: { id: 'cust_789', reason: 'closed' } }
  const mayApprove = (approver: PolicyCaller) => approver.groups?.includes('Administrators') === true
  let approvals: Approvals

  beforeEach(() => {
    approvals = createApprovals({ clock: () => now, lifetimeSeconds: 60, mayApprove, onEvent })
  })

  it('lets a call through once, after someone else approved that very call', () => {
    expect(approvals.use(deletion)).toBe(false)
    const { id } = approvals.request(deletion)
    expect(approvals.waiting()).toHaveLength(1)
    expect(approvals.use(deletion)).toBe(false)
    expect(approvals.approve(id, people.carol)).toMatchObject({
      approvedBy: 'https://sso.company.com/realms/company carol',
    })
    expect(approvals.use({ ...deletion, arguments: { reason: 'closed', id: 'cust_789' } })).toBe(true)
    expect(approvals.use(deletion)).toBe(false)
    expect(events).toEqual(['approval_requested', 'approval_given', 'approval_used'])
  })

  it.each([
    ['another record', { ...deletion, arguments: { id: 'cust_790', reason: 'closed' } }],
    ['another tool', { ...deletion, tool: 'update_customer' }],
    ['another caller', { ...deletion, caller: people.bob }],
    [
      'the same subject of another issuer',
      { ...deletion, caller: { ...people.alice, issuer: 'https://other.example' } },
    ],
  ])('does not let through %s', (_, other) => {
    approvals.approve(approvals.request(deletion).id, people.carol)
    expect(approvals.use(other)).toBe(false)
  })

  it.each([
    ['own_request', people.alice],
    ['not_allowed', people.anna],
    ['not_a_person', people['nightly-report']],
  ] as const)('refuses an approver: %s', (reason, approver) => {
    const { id } = approvals.request(deletion)
    expect(() => approvals.approve(id, approver)).toThrow(expect.objectContaining({ reason }))
    expect(approvals.use(deletion)).toBe(false)
  })

  it('ends with its time, before and after the approval', () => {
    const { id } = approvals.request(deletion)
    now += 59
    approvals.approve(id, people.carol)
    now += 59
    expect(approvals.use(deletion)).toBe(true)
    const again = approvals.request(deletion)
    now += 60
    expect(() => approvals.approve(again.id, people.carol)).toThrow(expect.objectContaining({ reason: 'expired' }))
    expect(() => approvals.approve('no such id', people.carol)).toThrow(expect.objectContaining({ reason: 'unknown' }))
    expect(approvals.waiting()).toEqual([])
  })

  it('does nothing that could not be audited', () => {
    const failing = createApprovals({
      clock: () => now,
      mayApprove,
      onEvent: () => {
        throw new Error('disk full')
      },
    })
    expect(() => failing.request(deletion)).toThrow('disk full')
    expect(failing.waiting()).toEqual([])
  })

  it('asks for one approval, however often the call is tried', () => {
    expect(approvals.request(deletion).id).toBe(approvals.request(deletion).id)
    expect(events).toEqual(['approval_requested'])
  })
})

describe('break-glass', () => {
  it('opens for the person who declared it, until its time is over', () => {
    const breakGlass = createBreakGlass({ clock: () => now, lifetimeSeconds: 60, onEvent })
    expect(breakGlass.isOpenFor(people.carol)).toBe(false)
    breakGlass.declare(people.carol, 'customer data is leaking, INC-42')
    now += 59
    expect([people.carol, people.dave].map(breakGlass.isOpenFor)).toEqual([true, false])
    now += 1
    expect(breakGlass.isOpenFor(people.carol)).toBe(false)
    expect(breakGlass.open()).toEqual([])
  })

  it('can be ended early', () => {
    const breakGlass = createBreakGlass({ clock: () => now, onEvent })
    breakGlass.declare(people.carol, 'customer data is leaking, INC-42')
    breakGlass.end(people.carol)
    expect(breakGlass.isOpenFor(people.carol)).toBe(false)
    expect(events).toEqual(['emergency_declared', 'emergency_ended'])
  })

  it('wants a person and a reason, and is told of before it begins', () => {
    const breakGlass = createBreakGlass({ clock: () => now, onEvent })
    expect(() => breakGlass.declare(people['nightly-report'], 'customer data is leaking')).toThrow('only a person')
    expect(() => breakGlass.declare(people.carol, '  asap    ')).toThrow('say why')
    expect(events).toEqual([])
  })
})
