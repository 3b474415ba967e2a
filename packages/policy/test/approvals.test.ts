import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type Approvals, createApprovals, createBreakGlass, type PolicyCaller } from '../src/index.ts'
import { type FourEyesStore, openFourEyesStore, SharedStoreError } from '../src/store/index.ts'
import { people } from './people.ts'
import { postgresServer, sharedPlaces } from './shared-places.ts'

let now: number
let events: string[]
let store: FourEyesStore
const onEvent = async ({ action }: { action: string }) => void events.push(action)

beforeEach(async () => {
  now = 1000
  store = await openFourEyesStore(':memory:')
  onTestFinished(() => store.close())
  events = []
})

describe('four eyes', () => {
  const deletion = { caller: people.alice, tool: 'delete_customer', arguments: { id: 'cust_789', reason: 'closed' } }
  const mayApprove = (approver: PolicyCaller) => approver.groups?.includes('Administrators') === true
  let approvals: Approvals

  beforeEach(() => {
    approvals = createApprovals({ store, clock: () => now, lifetimeSeconds: 60, mayApprove, onEvent })
  })

  it('lets a call through once, after someone else approved that very call', async () => {
    expect(await approvals.use(deletion)).toBe(false)
    const { id } = await approvals.request(deletion)
    expect(await approvals.waiting()).toHaveLength(1)
    expect(await approvals.use(deletion)).toBe(false)
    expect(await approvals.approve(id, people.carol)).toMatchObject({
      approvedBy: 'https://sso.company.com/realms/company carol',
    })
    expect(await approvals.use({ ...deletion, arguments: { reason: 'closed', id: 'cust_789' } })).toBe(true)
    expect(await approvals.use(deletion)).toBe(false)
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
  ])('does not let through %s', async (_, other) => {
    await approvals.approve((await approvals.request(deletion)).id, people.carol)
    expect(await approvals.use(other)).toBe(false)
  })

  it.each([
    ['own_request', people.alice],
    ['not_allowed', people.anna],
    ['not_a_person', people['nightly-report']],
  ] as const)('refuses an approver: %s', async (reason, approver) => {
    const { id } = await approvals.request(deletion)
    await expect(approvals.approve(id, approver)).rejects.toThrow(expect.objectContaining({ reason }))
    expect(await approvals.use(deletion)).toBe(false)
  })

  it('ends with its time, before and after the approval', async () => {
    const { id } = await approvals.request(deletion)
    now += 59
    await approvals.approve(id, people.carol)
    now += 59
    expect(await approvals.use(deletion)).toBe(true)
    const again = await approvals.request(deletion)
    now += 60
    await expect(approvals.approve(again.id, people.carol)).rejects.toThrow(
      expect.objectContaining({ reason: 'expired' }),
    )
    await expect(approvals.approve('no such id', people.carol)).rejects.toThrow(
      expect.objectContaining({ reason: 'unknown' }),
    )
    expect(await approvals.waiting()).toEqual([])
  })

  it('does nothing that could not be audited', async () => {
    const failing = createApprovals({
      store,
      clock: () => now,
      mayApprove,
      onEvent: async () => {
        throw new Error('disk full')
      },
    })
    await expect(failing.request(deletion)).rejects.toThrow('disk full')
    expect(await failing.waiting()).toEqual([])
  })

  it('asks for one approval, however often the call is tried', async () => {
    expect((await approvals.request(deletion)).id).toBe((await approvals.request(deletion)).id)
    expect(events).toEqual(['approval_requested'])
  })
})

describe.each(sharedPlaces)('kept in $kind', ({ place }) => {
  const deletion = { caller: people.alice, tool: 'delete_customer', arguments: { id: 'cust_789' } }

  async function openTwice() {
    const shared = place()
    const stores = await Promise.all([openFourEyesStore(shared), openFourEyesStore(shared)])
    onTestFinished(async () => void (await Promise.all(stores.map((one) => one.close()))))
    const common = { clock: () => now, mayApprove: () => true, onEvent }
    return stores.map((one) => ({
      approvals: createApprovals({ ...common, store: one }),
      breakGlass: createBreakGlass({ ...common, store: one }),
    }))
  }

  it('an approval is known to every process on the file, and serves one call of all of them', async () => {
    const [one, two] = await openTwice()
    if (one === undefined || two === undefined) throw new Error('not opened')
    const { id } = await one.approvals.request(deletion)
    expect((await two.approvals.request(deletion)).id).toBe(id)
    expect(await two.approvals.waiting()).toMatchObject([{ id, subject: { arguments: { id: 'cust_789' } } }])
    await two.approvals.approve(id, people.carol)
    const used = await Promise.all([one, two, one, two].map(({ approvals }) => approvals.use(deletion)))
    expect(used.filter(Boolean)).toHaveLength(1)
  })

  it('of two who approve at once, one does', async () => {
    const [one, two] = await openTwice()
    if (one === undefined || two === undefined) throw new Error('not opened')
    const { id } = await one.approvals.request(deletion)
    const both = await Promise.allSettled([
      one.approvals.approve(id, people.carol),
      two.approvals.approve(id, people.dave),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  it('an approval whose use could not be put on record is still there', async () => {
    let isFull = false
    const record = async () => {
      if (isFull) throw new Error('disk full')
    }
    const kept = await openFourEyesStore(place())
    onTestFinished(() => kept.close())
    const failing = createApprovals({ store: kept, clock: () => now, mayApprove: () => true, onEvent: record })
    await failing.approve((await failing.request(deletion)).id, people.carol)
    isFull = true
    await expect(failing.use(deletion)).rejects.toThrow('disk full')
    isFull = false
    expect(await failing.use(deletion)).toBe(true)
    expect(await failing.use(deletion)).toBe(false)
  })

  it('an emergency holds in every process, and ends in all of them', async () => {
    const [one, two] = await openTwice()
    if (one === undefined || two === undefined) throw new Error('not opened')
    await one.breakGlass.declare(people.carol, 'customer data is leaking, INC-42')
    await expect.poll(() => two.breakGlass.isOpenFor(people.carol)).toBe(true)
    await two.breakGlass.end(people.carol)
    expect(two.breakGlass.isOpenFor(people.carol)).toBe(false)
    await expect.poll(() => one.breakGlass.isOpenFor(people.carol)).toBe(false)
  })
})

describe('break-glass', () => {
  it('opens for the person who declared it, until its time is over', async () => {
    const breakGlass = createBreakGlass({ store, clock: () => now, lifetimeSeconds: 60, onEvent })
    expect(breakGlass.isOpenFor(people.carol)).toBe(false)
    await breakGlass.declare(people.carol, 'customer data is leaking, INC-42')
    now += 59
    expect([people.carol, people.dave].map(breakGlass.isOpenFor)).toEqual([true, false])
    now += 1
    expect(breakGlass.isOpenFor(people.carol)).toBe(false)
    expect(breakGlass.open()).toEqual([])
  })

  it('can be ended early', async () => {
    const breakGlass = createBreakGlass({ store, clock: () => now, onEvent })
    await breakGlass.declare(people.carol, 'customer data is leaking, INC-42')
    await breakGlass.end(people.carol)
    expect(breakGlass.isOpenFor(people.carol)).toBe(false)
    expect(events).toEqual(['emergency_declared', 'emergency_ended'])
  })

  it('wants a person and a reason, and is told of before it begins', async () => {
    const breakGlass = createBreakGlass({ store, clock: () => now, onEvent })
    await expect(breakGlass.declare(people['nightly-report'], 'customer data is leaking')).rejects.toThrow(
      'only a person',
    )
    await expect(breakGlass.declare(people.carol, '  asap    ')).rejects.toThrow('say why')
    expect(events).toEqual([])
  })
})

describe.runIf(postgresServer !== undefined)('a shared database that is away', () => {
  it('approves nothing and is no emergency, and is there again by itself', async () => {
    const [{ place } = { place: () => '' }] = sharedPlaces.filter(({ kind }) => kind === 'PostgreSQL')
    const shared = await openFourEyesStore(place())
    onTestFinished(() => shared.close())
    const common = { store: shared, clock: () => now, onEvent }
    const approvals = createApprovals({ ...common, mayApprove: () => true })
    const breakGlass = createBreakGlass(common)
    const deletion = { caller: people.alice, tool: 'delete_customer', arguments: {} }
    await approvals.approve((await approvals.request(deletion)).id, people.carol)
    await breakGlass.declare(people.carol, 'customer data is leaking, INC-42')
    postgresServer?.kill()
    await expect(approvals.use(deletion)).rejects.toThrow(SharedStoreError)
    await expect.poll(() => breakGlass.isOpenFor(people.carol), { timeout: 10_000 }).toBe(false)
    postgresServer?.start()
    await expect.poll(() => breakGlass.isOpenFor(people.carol), { timeout: 10_000 }).toBe(true)
    expect(await approvals.use(deletion)).toBe(true)
  })
})
