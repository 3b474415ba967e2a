import { companyGroups, developmentPeople } from '@mcp-identity/sample-company'
import { exportJWK, generateKeyPair, jwtVerify } from 'jose'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '../src/database.ts'
import { createDirectory } from '../src/directory/directory.ts'
import { createPeopleChanges } from '../src/people-changes.ts'
import { createProviderState } from '../src/provider/provider-state.ts'
import { createDispatcher, retryDelayMs } from '../src/signals/dispatcher.ts'
import { createKeycloak } from '../src/signals/keycloak.ts'
import { createLogoutTokens } from '../src/signals/logout-token.ts'
import { createOutbox } from '../src/signals/outbox.ts'
import { everyKind } from '../src/signals/plan-signals.ts'
import { createProvisioner } from '../src/signals/provision.ts'
import { createResourceServer } from '../src/signals/resource-server.ts'
import { createSenders } from '../src/signals/signal-senders.ts'
import { cheapPasswords } from './support/company.ts'
import { type KeycloakDouble, startKeycloakDouble } from './support/keycloak-double.ts'
import { createManualTime } from './support/manual-time.ts'

const issuer = 'http://localhost:9999'
const audience = 'https://mcp.company.com/mcp'
const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
const key = { ...(await exportJWK(privateKey)), kid: 'company-1', alg: 'RS256' }
const publicJwk = { ...(await exportJWK(publicKey)), kid: 'company-1', alg: 'RS256' }
const people = developmentPeople.slice(0, 1)

let keycloak: KeycloakDouble
let time: ReturnType<typeof createManualTime>
/** Subjects that the resource server was told of, and how many of the next requests it refuses. */
const resourceServer = { told: [] as string[], happenedAt: [] as unknown[], refusals: 0 }
let company: Awaited<ReturnType<typeof startCompany>>

async function startCompany(database = openDatabase(':memory:'), told = everyKind) {
  const { clock, schedule } = time
  const makeLogoutToken = await createLogoutTokens({ issuer, audience: 'keycloak-broker', key })
  const directory = createDirectory(database, cheapPasswords)
  await directory.seed(companyGroups, people)
  const outbox = createOutbox(database, clock)
  const client = createKeycloak({
    url: keycloak.url,
    issuer: keycloak.issuer,
    provisioner: { clientId: 'corporate-idp-provisioner', secret: 'a secret of the tests' },
    clock,
  })
  const dispatcher = createDispatcher({
    outbox,
    clock,
    schedule,
    random: () => 1,
    log: pino({ enabled: false }),
    send: createSenders({
      directory,
      clock,
      keycloak: client,
      provisioner: createProvisioner({ keycloak: client, alias: 'corporate', brokeredSubject: (subject) => subject }),
      endBrokeredSessions: async (subject) => client.sendLogoutToken(await makeLogoutToken(subject)),
      resourceServers: [
        createResourceServer({
          logoutUri: `${audience}/logout`,
          makeLogoutToken: await createLogoutTokens({ issuer, audience, key }),
          fetch: takeLogout,
        }),
      ],
    }),
  })
  const providerState = createProviderState(database, clock)
  const securityEvents = { emit: () => {}, kick: () => {} }
  const changes = createPeopleChanges({
    database,
    directory,
    providerState,
    outbox,
    dispatcher,
    securityEvents,
    told,
  })
  return { database, directory, outbox, dispatcher, providerState, changes }
}

async function takeLogout(_url: unknown, init: RequestInit = {}): Promise<Response> {
  if (resourceServer.refusals-- > 0) return new Response(null, { status: 503 })
  const { payload } = await jwtVerify(String((init.body as URLSearchParams).get('logout_token')), publicKey, {
    issuer,
    audience,
    typ: 'logout+jwt',
    currentDate: new Date(),
  })
  resourceServer.told.push(String(payload.sub))
  resourceServer.happenedAt.push(payload.toe)
  return new Response(null, { status: 200 })
}

function find() {
  const person = company.directory.find('alice')
  if (person === undefined) throw new Error('alice must be in the directory')
  return person
}

async function change(wanted: { active?: boolean; groups?: string[]; password?: string }) {
  const { signals } = await company.changes.change(find(), wanted)
  return Object.fromEntries(
    signals.map(({ kind, state, remark }) => [kind, remark === undefined ? state : `${state}: ${remark}`]),
  )
}

/** Lets time pass in small steps until nothing is pending, as the process would live through it. */
async function retryUntilDone(longestMs = 120_000) {
  for (let passedMs = 0; company.outbox.countPending() > 0; passedMs += 100) {
    if (passedMs > longestMs) throw new Error(`still pending: ${JSON.stringify(company.outbox.pendingOf('alice'))}`)
    time.advance(100)
    await company.dispatcher.idle()
  }
}

const callsWithoutTokens = () => keycloak.calls.filter((call) => call !== 'token')

beforeEach(async () => {
  time = createManualTime()
  keycloak = await startKeycloakDouble()
  keycloak.trustIdp({ keys: [publicJwk] })
  keycloak.addGroups(...companyGroups)
  company = await startCompany()
  Object.assign(resourceServer, { told: [], happenedAt: [], refusals: 0 })
})
afterEach(async () => {
  await company.dispatcher.stop()
  company.database.close()
  await keycloak.close()
})

describe('a new password', () => {
  const password = 'the password of tomorrow'

  it('replaces the old one, and ends every session that it opened', async () => {
    const user = keycloak.addUser('alice', 'emp-1001')
    user.sessions = 2
    expect(await change({ password })).toEqual({
      backchannel_logout: 'done',
      admin_logout: 'done',
      resource_server_logout: 'done',
    })
    expect(user).toMatchObject({ active: true, sessions: 0, notBefore: true })
    expect(resourceServer.told).toEqual(['emp-1001'])
    expect(await company.directory.checkPassword('alice', password)).toMatchObject({ outcome: 'right' })
    expect(await company.directory.checkPassword('alice', 'alice-at-company')).toEqual({ outcome: 'wrong' })
  })

  it('does not make a published account fit for production', async () => {
    await change({ password })
    expect(company.directory.publishedPasswords()).toEqual(['alice'])
  })
})

describe('a disable', () => {
  it('reaches Keycloak by SCIM and logout token first, and then sets not-before', async () => {
    const user = keycloak.addUser('alice', 'emp-1001')
    expect(await change({ active: false })).toEqual({
      scim_inactive: 'done',
      backchannel_logout: 'done',
      admin_logout: 'done',
      resource_server_logout: 'done',
    })
    expect(user).toMatchObject({ active: false, sessions: 0, notBefore: true })
    expect(callsWithoutTokens().at(-1)).toBe('admin logout')
  })

  it('tells resource servers straight away, while Keycloak hangs', async () => {
    keycloak.addUser('alice', 'emp-1001')
    keycloak.fail('active false', 'drop')
    keycloak.fail('logout token', 'drop')
    expect(await change({ active: false })).toMatchObject({ resource_server_logout: 'done', admin_logout: 'pending' })
    expect(resourceServer.told).toEqual(['emp-1001'])
  })

  it('tells resource servers again until they have taken it', async () => {
    keycloak.addUser('alice', 'emp-1001')
    resourceServer.refusals = 2
    const changedAt = time.clock() / 1000
    await change({ active: false })
    expect(resourceServer.told).toEqual([])
    await retryUntilDone()
    expect(resourceServer.happenedAt).toEqual([changedAt])
    expect(resourceServer.told).toEqual(['emp-1001'])
  })

  it('ends her own sessions in the same transaction', async () => {
    keycloak.addUser('alice', 'emp-1001')
    const sessions = company.providerState.adapterOf('Session')
    await sessions.upsert('s1', { accountId: 'emp-1001', kind: 'Session' }, 3600)
    await change({ active: false })
    expect(await sessions.find('s1')).toBeUndefined()
  })

  it('keeps a request that was under way from saving her session again', async () => {
    keycloak.addUser('alice', 'emp-1001')
    await change({ active: false })
    const sessions = company.providerState.adapterOf('Session')
    await sessions.upsert('s1', { accountId: 'emp-1001', kind: 'Session' }, 3600)
    expect(await sessions.find('s1')).toBeUndefined()
  })

  it('counts 504 to the logout token as done: Keycloak ended its sessions, one of its clients did not listen', async () => {
    const user = keycloak.addUser('alice', 'emp-1001')
    keycloak.fail('logout token', 504)
    expect(await change({ active: false })).toMatchObject({ backchannel_logout: 'done: done, clients not told' })
    expect(user.sessions).toBe(0)
  })

  it.each([500, 503, 'drop'] as const)('is sent again until Keycloak takes it: %s', async (fault) => {
    const user = keycloak.addUser('alice', 'emp-1001')
    keycloak.fail('active false', fault, fault, fault)
    keycloak.fail('logout token', fault)
    keycloak.fail('admin logout', fault)
    const first = await change({ active: false })
    expect(first.scim_inactive).toMatch(/^pending: /)
    expect(first.admin_logout).toBe('pending')
    await retryUntilDone()
    expect(user).toMatchObject({ active: false, sessions: 0, notBefore: true })
  })

  it('never sets not-before ahead of the other two', async () => {
    keycloak.addUser('alice', 'emp-1001')
    keycloak.fail('logout token', 500, 500)
    await change({ active: false })
    expect(keycloak.calls).not.toContain('admin logout')
    await retryUntilDone()
    expect(keycloak.calls.lastIndexOf('logout token')).toBeLessThan(keycloak.calls.indexOf('admin logout'))
  })

  it('is done when Keycloak has never heard of her', async () => {
    expect(await change({ active: false })).toEqual({
      scim_inactive: 'done: not known to Keycloak, nothing to do',
      backchannel_logout: 'done',
      admin_logout: 'done: not known to Keycloak, nothing to do',
      resource_server_logout: 'done',
    })
  })

  it('goes on looking for her when she signed in a moment ago', async () => {
    company.directory.noteSignIn('emp-1001', time.clock())
    expect((await change({ active: false })).scim_inactive).toMatch(/pending: .* signed in moments ago/)
    const user = keycloak.addUser('alice', 'emp-1001')
    await retryUntilDone()
    expect(user).toMatchObject({ active: false, notBefore: true })
  })

  it('stops looking after a minute', async () => {
    company.directory.noteSignIn('emp-1001', time.clock())
    await change({ active: false })
    await retryUntilDone()
    expect(company.outbox.countPending()).toBe(0)
  })

  it('asked for twice is sent once while the first is under way', async () => {
    keycloak.addUser('alice', 'emp-1001')
    keycloak.fail('active false', 500)
    await change({ active: false })
    await change({ active: false })
    await retryUntilDone()
    expect(keycloak.calls.filter((call) => call === 'admin logout')).toHaveLength(1)
  })

  it('asked for again later is sent again', async () => {
    keycloak.addUser('alice', 'emp-1001')
    await change({ active: false })
    await change({ active: false })
    expect(keycloak.calls.filter((call) => call === 'admin logout')).toHaveLength(2)
  })

  it('finds the new account when hers was deleted and made again in Keycloak', async () => {
    keycloak.addUser('alice', 'emp-1001')
    await change({ active: false })
    time.advance(3000)
    await change({ active: true })
    keycloak.users.length = 0
    keycloak.addUser('alice', 'emp-1001')
    expect(await change({ active: false })).toMatchObject({ scim_inactive: 'done', admin_logout: 'done' })
    expect(keycloak.users[0]).toMatchObject({ active: false, notBefore: true })
  })

  it('gets a new provisioning token when Keycloak no longer takes the old one', async () => {
    const user = keycloak.addUser('alice', 'emp-1001')
    await change({ active: true })
    keycloak.revokeProvisioning()
    expect(await change({ active: false })).toMatchObject({ scim_inactive: 'done' })
    expect(user.active).toBe(false)
  })

  it('survives a restart between the change and its delivery', async () => {
    const user = keycloak.addUser('alice', 'emp-1001')
    keycloak.fail('active false', 'drop')
    keycloak.fail('logout token', 'drop')
    await change({ active: false })
    await company.dispatcher.stop()
    company = await startCompany(company.database)
    company.dispatcher.kick()
    await retryUntilDone()
    expect(user).toMatchObject({ active: false, sessions: 0, notBefore: true })
  })
})

describe('an enable', () => {
  it('never overtakes an unfinished disable', async () => {
    const user = keycloak.addUser('alice', 'emp-1001')
    keycloak.fail('active false', 500, 500)
    keycloak.fail('admin logout', 500, 500, 500)
    await change({ active: false })
    expect(await change({ active: true })).toEqual({ scim_active: 'pending' })
    await retryUntilDone()
    expect(user).toMatchObject({ active: true, notBefore: true })
    expect(callsWithoutTokens().at(-1)).toBe('active true')
    expect(keycloak.calls.lastIndexOf('admin logout')).toBeLessThan(keycloak.calls.indexOf('active true'))
  })

  it('waits until a new token is newer than every not-before that resource servers make of the logout', async () => {
    const user = keycloak.addUser('alice', 'emp-1001')
    await change({ active: false })
    const loggedOutAtMs = time.clock()
    const enabled = change({ active: true })
    time.advance(2999 - (loggedOutAtMs % 1000))
    await company.dispatcher.idle()
    expect(await enabled).toEqual({ scim_active: 'pending' })
    expect(user.active).toBe(false)
    time.advance(1)
    await company.dispatcher.idle()
    expect(user.active).toBe(true)
  })

  it('is sent even when it comes due in the moment in which the outbox is read', async () => {
    const user = keycloak.addUser('alice', 'emp-1001')
    await change({ active: false })
    const enabled = change({ active: true })
    // A timer that fires a little early, on a clock that moves between two looks.
    time.advance(2999 - (time.clock() % 1000))
    time.tickOnRead(1)
    company.dispatcher.kick()
    time.tickOnRead(0)
    time.advance(2)
    await company.dispatcher.idle()
    await enabled
    expect(user.active).toBe(true)
  })

  it('that was not sent yet is dropped by a disable', async () => {
    const user = keycloak.addUser('alice', 'emp-1001')
    keycloak.fail('admin logout', 500)
    await change({ active: false })
    await change({ active: true })
    await change({ active: false })
    await retryUntilDone()
    expect(user).toMatchObject({ active: false, notBefore: true })
    expect(keycloak.calls).not.toContain('active true')
  })

  it('that failed is dropped by a disable, not tried again', async () => {
    const user = keycloak.addUser('alice', 'emp-1001')
    await change({ active: false })
    time.advance(3000)
    keycloak.fail('active true', 500, 500, 500)
    await change({ active: true })
    await change({ active: false })
    await retryUntilDone()
    expect(user.active).toBe(false)
  })
})

describe('a change of groups', () => {
  it('adds and removes memberships, and leaves groups alone that are not the directory’s', async () => {
    keycloak.addGroups('Made by hand')
    const user = keycloak.addUser('alice', 'emp-1001', ['All Staff', 'Customer Admins', 'Made by hand'])
    expect(await change({ groups: ['Data Analysts'] })).toEqual({ scim_groups: 'done' })
    expect(user.groups.toSorted()).toEqual(['All Staff', 'Data Analysts', 'Made by hand'])
  })

  it('takes away before it gives', async () => {
    keycloak.addUser('alice', 'emp-1001', ['All Staff', 'Customer Admins'])
    await change({ groups: ['Data Analysts'] })
    expect(keycloak.calls.indexOf('remove member')).toBeLessThan(keycloak.calls.indexOf('add member'))
  })

  it('sends memberships as they are when it gets through', async () => {
    const user = keycloak.addUser('alice', 'emp-1001', ['All Staff'])
    keycloak.fail('groups', 500)
    await change({ groups: ['Operations'] })
    await change({ groups: ['Data Analysts'] })
    await retryUntilDone()
    expect(user.groups.toSorted()).toEqual(['All Staff', 'Data Analysts'])
  })

  it('that fails does not hold up a disable', async () => {
    const user = keycloak.addUser('alice', 'emp-1001')
    keycloak.fail('groups', 500, 500, 500, 500)
    await change({ groups: ['Operations'] })
    await change({ active: false })
    expect(user).toMatchObject({ active: false, notBefore: true })
  })
})

describe('retries', () => {
  it('wait twice as long each time, up to half a minute', () => {
    expect([0, 1, 2, 3, 7, 8, 100].map((failures) => retryDelayMs(failures, 1))).toEqual([
      200, 400, 800, 1600, 25_600, 30_000, 30_000,
    ])
  })

  it('are spread over half of the wait', () => {
    expect([retryDelayMs(0, 0), retryDelayMs(0, 1)]).toEqual([100, 200])
  })
})

describe('the answer', () => {
  it('comes after two seconds when Keycloak hangs', async () => {
    keycloak.addUser('alice', 'emp-1001')
    const answer = change({ active: false })
    time.advance(2000)
    expect(await answer).toMatchObject({
      scim_inactive: 'pending',
      backchannel_logout: 'pending',
      admin_logout: 'pending',
    })
  })
})
