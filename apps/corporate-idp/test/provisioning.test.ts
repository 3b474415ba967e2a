import { providers } from '@mcp-identity/provider-dialects'
import { companyGroups } from '@mcp-identity/sample-company'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Company, developmentSecret, fetchKeySet, startCompany } from './support/company.ts'

interface Answer {
  signals: { signal: string; state: string; remark?: string }[]
  problems: { member: string; message: string }[]
  title: string
  accounts: number
  drift: { kind: string; username: string; state: string; group?: string; problem?: string }[]
}

const zoe = {
  username: 'zoe',
  subject: 'emp-2000',
  givenName: 'Zoe',
  familyName: 'Quinn',
  email: 'zoe@company.com',
  department: 'Sales',
  zoneinfo: 'Europe/Paris',
  country: 'FR',
  groups: ['Customer Readers'],
  password: 'zoe-at-company',
}

let company: Company

async function start(change?: Parameters<typeof startCompany>[0]) {
  company = await startCompany(change)
  company.keycloak.addGroups(...companyGroups)
}

async function send(method: string, path: string, body?: unknown) {
  const response = await fetch(`${company.origin}/admin${path}`, {
    method,
    headers: { authorization: `Bearer ${developmentSecret}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Answer }
}

const statesOf = ({ signals }: Answer) => Object.fromEntries(signals.map(({ signal, state }) => [signal, state]))
const accountOf = (name: string) => company.keycloak.users.find(({ username }) => username === name)
const reconcile = async (options: object = {}) =>
  (await send('POST', '/reconciliation', { dryRun: false, ...options })).body
const kindsOf = ({ drift }: Answer) => drift.map(({ kind, username, state }) => `${kind} ${username} ${state}`)

afterEach(() => company.stop())

describe('a person', () => {
  beforeEach(() => start())

  it('who begins has an account that is linked to her subject, with her groups, before she signs in', async () => {
    const { status, body } = await send('POST', '/people', zoe)
    expect(status).toBe(201)
    expect(statesOf(body)).toEqual({ scim_person: 'done', scim_groups: 'done' })
    expect(accountOf('zoe')).toMatchObject({
      active: true,
      groups: ['All Staff', 'Customer Readers'],
      links: [{ identityProvider: 'corporate', userId: 'emp-2000' }],
    })
  })

  it('whose link failed is linked at the next attempt, and made once', async () => {
    company.keycloak.fail('link user', 503)
    await send('POST', '/people', zoe)
    await expect.poll(() => accountOf('zoe')?.links.length, { timeout: 5000 }).toBe(1)
    expect(company.keycloak.calls.filter((call) => call === 'create user')).toHaveLength(1)
  })

  it('is not joined to an account that only bears her name', async () => {
    Object.assign(company.keycloak.addUser('zoe', 'someone-else'), {
      links: [{ identityProvider: 'acquired', userId: 'someone-else' }],
    })
    const { body } = await send('POST', '/people', zoe)
    expect(body.signals[0]).toMatchObject({ signal: 'scim_person', state: 'done' })
    expect(body.signals[0]?.remark).toContain('not hers')
    expect(accountOf('zoe')).toMatchObject({ groups: [], links: [{ identityProvider: 'acquired' }] })
    await send('PATCH', '/people/zoe', { active: false })
    expect(accountOf('zoe')?.active).toBe(true)
  })

  it('whose profile changes is brought up to date, and only what differs is sent', async () => {
    await send('POST', '/people', zoe)
    const { body } = await send('PATCH', '/people/zoe', { department: 'Marketing' })
    expect(statesOf(body)).toEqual({ scim_person: 'done' })
    expect(accountOf('zoe')?.profile).toMatchObject({
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department': 'Marketing',
      'name.givenName': 'Zoe',
    })
  })

  it('who is taken out is disabled, signed out and deleted, in this order', async () => {
    company.keycloak.trustIdp(await fetchKeySet(company.issuer))
    await send('POST', '/people', zoe)
    const { body } = await send('DELETE', '/people/zoe')
    expect(Object.keys(statesOf(body)).at(-1)).toBe('scim_delete')
    await expect.poll(() => accountOf('zoe')).toBeUndefined()
    const order = company.keycloak.calls.filter((call) =>
      ['active false', 'admin logout', 'delete user'].includes(call),
    )
    // What came before is the rehearsal.
    expect(order.slice(-3)).toEqual(['active false', 'admin logout', 'delete user'])
    expect((await send('GET', '/people/zoe')).status).toBe(404)
  })

  it('who was taken out leaves her subject to nobody', async () => {
    await send('POST', '/people', zoe)
    await send('DELETE', '/people/zoe')
    const { status, body } = await send('POST', '/people', { ...zoe, username: 'zora', email: 'zora@company.com' })
    expect([status, body.title]).toEqual([409, "emp-2000 was somebody else's, and is never given out again"])
  })

  it.each([
    ['a user name that is taken', { username: 'alice' }, 409],
    ['an e-mail address that is taken', { email: 'alice@company.com' }, 409],
    ['no e-mail address', { email: 'zoe' }, 400],
    ['an unknown group', { groups: ['Root'] }, 400],
    ['a time zone that is none', { zoneinfo: 'Paris' }, 400],
    ['a user name with a slash', { username: 'zoe/x' }, 400],
  ])('is not added with %s', async (_title, change, status) => {
    expect((await send('POST', '/people', { ...zoe, ...change })).status).toBe(status)
  })
})

describe('a provider that tells nothing by itself', () => {
  beforeEach(() => start((config) => ({ ...config, provider: providers.cognito })))

  it('tells nobody of a disable until the person is announced; then everything is told', async () => {
    company.keycloak.addUser('alice', 'emp-1001')
    expect((await send('PATCH', '/people/alice', { active: false })).body.signals).toEqual([])
    expect(accountOf('alice')?.active).toBe(true)
    const { body } = await send('POST', '/people/alice/announcement')
    expect(Object.keys(statesOf(body))).toEqual([
      'scim_inactive',
      'backchannel_logout',
      'admin_logout',
      'resource_server_logout',
    ])
    expect(accountOf('alice')).toMatchObject({ active: false })
  })
})

describe('the full compare', () => {
  beforeEach(() => start())

  it('finds nothing to mend after it has mended everything', async () => {
    const first = await reconcile()
    expect(new Set(first.drift.map(({ kind }) => kind))).toEqual(new Set(['account_missing']))
    expect(company.keycloak.users).toHaveLength(7)
    expect(await reconcile()).toMatchObject({ accounts: 7, drift: [] })
  })

  it('changes nothing without being told to', async () => {
    const { drift } = (await send('POST', '/reconciliation', {})).body
    expect(drift.map(({ state }) => state)).toEqual(Array(7).fill('found'))
    expect(company.keycloak.users).toEqual([])
  })

  it('mends what differs, and first what takes access away', async () => {
    await reconcile()
    await send('PATCH', '/people/bob', { active: false })
    const bob = accountOf('bob')
    const anna = accountOf('anna')
    if (bob === undefined || anna === undefined) throw new Error('both have accounts')
    bob.active = true
    anna.groups = ['Administrators', 'All Staff']
    anna.profile['name.familyName'] = 'Elsewhere'
    expect(kindsOf(await reconcile())).toEqual([
      'active_there_only bob mended',
      'group_too_many anna mended',
      'profile anna mended',
      'group_missing anna mended',
    ])
    expect([bob.active, bob.notBefore]).toEqual([false, true])
    expect(anna.groups.sort()).toEqual(['All Staff', 'Customer Readers'])
  })

  it('says whom it cannot disable: an administrator of Keycloak, whom provisioning does not see', async () => {
    await reconcile()
    Object.assign(accountOf('ivan') ?? {}, { isAdministrator: true })
    expect((await reconcile()).drift).toEqual([])
    await send('PATCH', '/people/ivan', { active: false })
    expect(kindsOf(await reconcile())).toEqual(['out_of_reach ivan left'])
  })

  it('deletes the account of somebody who is gone, and leaves those of others', async () => {
    await reconcile()
    company.keycloak.addUser('ghost', 'emp-0001')
    Object.assign(company.keycloak.addUser('guest', 'x'), { links: [{ identityProvider: 'acquired', userId: 'x' }] })
    Object.assign(company.keycloak.addUser('local', 'y'), { links: [] })
    expect(kindsOf(await reconcile())).toEqual(['account_too_many ghost mended'])
    expect([accountOf('ghost'), accountOf('guest')?.active, accountOf('local')?.active]).toEqual([
      undefined,
      true,
      true,
    ])
  })

  it('takes nothing away when there is more to take away than expected', async () => {
    await reconcile()
    for (const number of [1, 2, 3]) company.keycloak.addUser(`ghost${number}`, `emp-000${number}`)
    const { drift } = await reconcile({ mostRemovals: 2 })
    expect(drift.map(({ state }) => state)).toEqual(['refused', 'refused', 'refused'])
    expect((await reconcile({ mostRemovals: 3 })).drift.map(({ state }) => state)).toEqual(Array(3).fill('mended'))
  })

  it('joins a person to her namesake only when told to', async () => {
    Object.assign(company.keycloak.addUser('alice', 'x'), { links: [{ identityProvider: 'acquired', userId: 'x' }] })
    expect(kindsOf(await reconcile())).toContain('not_linked alice left')
    expect(accountOf('alice')?.links).toHaveLength(1)
    await reconcile({ link: ['alice'] })
    expect(accountOf('alice')).toMatchObject({
      links: [{ identityProvider: 'acquired' }, { identityProvider: 'corporate', userId: 'emp-1001' }],
      groups: ['All Staff', 'Customer Admins'],
    })
  })

  it('says what Keycloak refused, and mends the rest', async () => {
    company.keycloak.fail('add member', 403)
    const { drift } = await reconcile()
    expect(drift.filter(({ state }) => state === 'failed')).toHaveLength(1)
    expect(drift.find(({ state }) => state === 'failed')?.problem).toContain('administrative roles')
    expect(drift.filter(({ state }) => state === 'mended')).toHaveLength(6)
  })

  it('is refused with an option that does not fit', async () => {
    const { status, body } = await send('POST', '/reconciliation', { dryRun: 'False' })
    expect([status, body.problems[0]?.member]).toEqual([400, 'dryRun'])
  })
})
