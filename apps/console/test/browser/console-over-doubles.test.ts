import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { appendCall, appendDay, sampleCalls } from '../doubles/sample-calls.ts'
import { type Doubles, startDoubles } from '../doubles/start-doubles.ts'
import { findAxeViolations } from './support/find-axe-violations.ts'
import { launchBrowser } from './support/launch-browser.ts'
import { dark, openPage, phone, type WatchedPage } from './support/open-page.ts'

let browser: Browser
let doubles: Doubles

beforeAll(async () => {
  browser = await launchBrowser()
  doubles = await startDoubles()
  await appendDay(doubles.mcp, doubles.people, 60)
})
afterAll(async () => {
  await browser.close()
  await doubles.close()
})
beforeEach(() => {
  Object.assign(doubles.keycloak.fault, { isDown: false, foreignIssuer: undefined })
  doubles.mcp.fault.isStale = false
})

async function signIn(
  username: string,
  path = '/',
  options: BrowserContextOptions = {},
  at: Doubles = doubles,
): Promise<WatchedPage> {
  const watched = await openPage(browser, options)
  const { page } = watched
  await page.goto(at.url + path)
  await page.getByRole('button', { name: /^Sign in/ }).click()
  await page.getByRole('link', { name: username, exact: true }).click()
  await page.locator('#main h1').waitFor()
  return watched
}

const everyPage = [
  '/overview',
  '/audit',
  '/audit/3',
  '/access',
  '/people',
  '/people/alice',
  '/review',
  '/policies?as=bob&tool=update_customer',
  '/keys',
]
const settled: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  '/overview': (page) => page.getByText('Just now', { exact: true }).waitFor(),
  '/audit': (page) => page.getByRole('listitem').first().waitFor(),
  '/audit/3': (page) => page.getByText(/computed anew and is the same/).waitFor(),
  '/access': async (page) => {
    await page.getByText('list_customers').first().waitFor()
    await page.getByText('this one').waitFor()
  },
  '/people': (page) => page.getByText('Alice Archer').waitFor(),
  '/policies?as=bob&tool=update_customer': (page) => page.getByText('may call').first().waitFor(),
  '/review': (page) => page.getByText('Never used').waitFor(),
  '/keys': (page) => page.getByText('Authorization code').waitFor(),
  '/people/alice': (page) => page.getByRole('checkbox', { name: 'Operations' }).waitFor(),
}

describe('signing in', () => {
  it('comes back to the page that was asked for', async () => {
    const { page } = await signIn('ivan', '/audit?outcome=refused')
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe('/audit?outcome=refused')
    await page.context().close()
  })

  it('leaves no token in the address, in storage or in cookies', async () => {
    const { page } = await signIn('ivan', '/people')
    await page.getByText('Alice Archer').waitFor()
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
    )
    expect(kept).not.toMatch(/eyJ/)
    expect(page.url()).not.toMatch(/code=|state=|eyJ/)
    await page.context().close()
  })

  it('is found again after a reload, without a click', async () => {
    const { page } = await signIn('ivan', '/people')
    await page.reload()
    await page.getByText('Alice Archer').waitFor()
    await page.context().close()
  })

  it('sends tokens to the three parts that they are for, and addresses hold none', async () => {
    const { page, requests } = await signIn('ivan', '/people')
    await page.getByText('Alice Archer').waitFor()
    const { issuer, mcp, corporateIdp } = doubles.settings
    const known = new Set([doubles.url, issuer, mcp, corporateIdp].map((address) => new URL(address).origin))
    expect(requests.filter((address) => !known.has(new URL(address).origin))).toEqual([])
    expect(requests.filter((address) => address.includes('eyJ'))).toEqual([])
    await page.context().close()
  })

  it('opens the overview for those who may read the log, and their own access for others', async () => {
    const ivan = await signIn('ivan')
    await ivan.page.waitForURL('**/overview')
    const alice = await signIn('alice')
    await alice.page.waitForURL('**/access')
    await Promise.all([ivan, alice].map(({ page }) => page.context().close()))
  })

  it('is stopped when another issuer answers', async () => {
    doubles.keycloak.fault.foreignIssuer = 'https://evil.example/realms/company'
    const { page } = await openPage(browser)
    await page.goto(doubles.url)
    await page.getByRole('heading', { name: 'This sign-in was stopped' }).waitFor()
    await page.context().close()
  })

  it('is stopped when somebody sends a link with a code', async () => {
    const { page } = await openPage(browser)
    await page.goto(`${doubles.url}/#state=stolen&code=stolen&iss=https%3A%2F%2Fevil.example`)
    await page.getByRole('heading', { name: 'This sign-in was stopped' }).waitFor()
    expect(page.url()).not.toContain('code=')
    await page.context().close()
  })
})

describe('every page', () => {
  const looks: [string, BrowserContextOptions][] = [
    ['in light', {}],
    ['in dark', dark],
    ['on a phone', phone],
  ]

  it.each(looks)('%s: breaks no rule of accessibility and none of the policy', async (_look, options) => {
    const { page, complaints } = await signIn('ivan', '/overview', options)
    for (const path of everyPage) {
      await page.goto(doubles.url + path)
      await page.locator('#main h1').waitFor()
      await settled[path]?.(page)
      expect({ path, violations: await findAxeViolations(page) }).toEqual({ path, violations: [] })
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      expect({ path, overflow }).toEqual({ path, overflow: 0 })
    }
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it.each(looks)('%s: neither do the screens before, after and beside them', async (_look, options) => {
    const { page: door } = await openPage(browser, options)
    await door.goto(doubles.url)
    await door.getByRole('button', { name: /^Sign in/ }).waitFor()
    expect({ screen: 'the door', violations: await findAxeViolations(door) }).toMatchObject({ violations: [] })
    doubles.keycloak.fault.isDown = true
    await door.reload()
    await door.getByRole('heading', { name: 'The authorization server does not answer' }).waitFor()
    expect({ screen: 'Keycloak away', violations: await findAxeViolations(door) }).toMatchObject({ violations: [] })
    doubles.keycloak.fault.isDown = false

    const { page: erin } = await signIn('erin', '/audit', options)
    await erin.getByRole('heading', { name: 'You may not see this' }).waitFor()
    expect({ screen: 'no role', violations: await findAxeViolations(erin) }).toMatchObject({ violations: [] })
    await erin.goto(`${doubles.url}/audit/999999999`)
    await erin.locator('#main h1').waitFor()
    expect({ screen: 'no such record', violations: await findAxeViolations(erin) }).toMatchObject({ violations: [] })

    const { page: ivan } = await signIn('ivan', '/review', options)
    await ivan.getByText('Everything', { exact: true }).click()
    await ivan.getByRole('button', { name: 'Begin' }).click()
    await ivan.getByText(/the signature is right/).waitFor()
    expect({ screen: 'a campaign', violations: await findAxeViolations(ivan) }).toMatchObject({ violations: [] })
    await Promise.all([door, erin, ivan].map((page) => page.context().close()))
  })

  it('loads little: at most 250 KB of compressed script on the first visit', async () => {
    const { page } = await signIn('ivan', '/overview')
    await page.getByText('Just now', { exact: true }).waitFor()
    const bytes = await page.evaluate(() => {
      const loaded = performance.getEntriesByType('resource') as PerformanceResourceTiming[]
      return loaded
        .filter(({ name }) => name.endsWith('.js'))
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)
    })
    expect(bytes).toBeGreaterThan(50_000)
    expect(bytes).toBeLessThanOrEqual(250 * 1024)
    await page.context().close()
  })

  it('can be walked through with the keyboard alone', async () => {
    const { page } = await signIn('ivan', '/audit')
    await page.getByRole('listitem').first().waitFor()
    await page.evaluate(() => document.body.focus())
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the page')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
    const rows = page.locator('[data-row-link]')
    await rows.first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/audit\/\d+\?log=mcp-server$/)
    await page.context().close()
  })
})

describe('text from the directory and the log', () => {
  const hostile = '"><img src=x onerror="alert(1)"><script>alert(2)</script>\u202egnp.exe'

  it('never becomes markup, on any page', async () => {
    const anna = doubles.people.find(({ username }) => username === 'anna')
    if (anna === undefined) throw new Error('anna is missing')
    const real = { ...anna }
    Object.assign(anna, { name: hostile, department: hostile, groups: [...anna.groups, hostile] })
    await appendCall(
      doubles.mcp,
      anna,
      {
        username: 'anna',
        tool: hostile,
        refused: hostile,
        policies: [hostile],
        readableArguments: { [hostile]: hostile },
        durationMs: 1,
      },
      new Date(),
    )
    doubles.keycloak.openSession('anna', hostile, hostile)
    doubles.keycloak.consents.set(hostile, { clientName: hostile, scopes: [hostile] })
    const newest = await doubles.mcp.append({
      phase: 'security',
      action: hostile,
      outcome: 'succeeded',
      reason: hostile,
      email: hostile,
    })
    const { page, complaints } = await signIn('anna', '/access')
    await page.getByText('list_customers').first().waitFor()
    await page.getByRole('heading', { name: 'Clients that you allowed' }).waitFor()
    await page.goto(`${doubles.url}/keys`)
    await page.getByText('Access token', { exact: true }).waitFor()
    const watched = await signIn('ivan', '/overview')
    for (const path of [
      '/overview',
      '/audit',
      `/audit/${newest.sequence}`,
      `/audit/${newest.sequence - 1}`,
      '/people',
      '/people/anna',
      `/people/${encodeURIComponent(hostile)}`,
      '/policies?as=anna&tool=list_customers',
      `/policies?as=${encodeURIComponent(hostile)}&tool=${encodeURIComponent(hostile)}`,
      `/policies?${new URLSearchParams({ as: 'bob', tool: 'update_customer', record: JSON.stringify({ team: hostile }), groups: JSON.stringify([hostile]) })}`,
      '/keys',
      '/review',
      `/review/${encodeURIComponent(hostile)}`,
      '/audit?text=onerror',
    ]) {
      await watched.page.goto(doubles.url + path)
      await watched.page.locator('#main h1').waitFor()
      await settled[path]?.(watched.page)
    }
    await watched.page.getByRole('listitem').first().waitFor()
    for (const each of [page, watched.page]) expect(await each.locator('img, #main script').count()).toBe(0)
    expect([...complaints, ...watched.complaints]).toEqual([])
    Object.assign(anna, real)
    doubles.keycloak.consents.clear()
    await Promise.all([page, watched.page].map((each) => each.context().close()))
  })
})

describe('the live audit', () => {
  const call = sampleCalls.find(({ tool }) => tool === 'run_report')
  const dave = () => doubles.people.find(({ username }) => username === 'dave')

  it('shows a call while it happens, and only where its filters let it through', async () => {
    const { page } = await signIn('ivan', '/audit')
    const filtered = await signIn('ivan', '/audit?outcome=refused')
    await page.getByText('Live', { exact: true }).waitFor()
    await filtered.page.getByRole('listitem').first().waitFor()
    const person = dave()
    if (call === undefined || person === undefined) throw new Error('the sample lacks a report')
    await appendCall(doubles.mcp, person, { ...call, tool: 'a_fresh_tool' }, new Date())
    await page.getByRole('link', { name: 'dave@company.com (Operations) called a_fresh_tool' }).waitFor()
    expect(await filtered.page.getByText('a_fresh_tool').count()).toBe(0)
    await Promise.all([page, filtered.page].map((each) => each.context().close()))
  })

  it('takes up the stream again after a break, without a gap', async () => {
    const { page } = await signIn('ivan', '/audit')
    await page.getByText('Live', { exact: true }).waitFor()
    await page.context().setOffline(true)
    doubles.mcp.breakStreams()
    await doubles.mcp.append({ phase: 'security', action: 'while_offline', outcome: 'succeeded' })
    await page.getByText(/stream broke/).waitFor()
    await page.context().setOffline(false)
    await page.getByText('while offline').waitFor()
    await page.context().close()
  })

  it('shows the logs of all replicas as one, proves a record with the key of its own log, and says whose are missing', async () => {
    const several = await startDoubles({ logNames: ['mcp-server-1', 'mcp-server-2'] })
    const event = (action: string) => ({ phase: 'security', action, outcome: 'succeeded' }) as const
    await several.mcp.append(event('at_the_first'))
    const other = await several.mcp.append(event('at_the_second'), 'mcp-server-2')
    const { page } = await signIn('ivan', '/audit', {}, several)
    await page.getByRole('listitem').filter({ hasText: 'at the first' }).getByText('mcp-server-1').waitFor()
    const row = page.getByRole('listitem').filter({ hasText: 'at the second' })
    await row.getByText('mcp-server-2').waitFor()
    several.mcp.setUnread([{ log: 'mcp-server-2', problem: 'the replica cannot be reached' }])
    await page.getByText('Records of mcp-server-2 are missing: the replica cannot be reached').waitFor()
    expect(await findAxeViolations(page)).toEqual([])
    several.mcp.setUnread([])
    await page.getByText('Records of mcp-server-2 are missing').waitFor({ state: 'detached' })
    await page.getByRole('combobox', { name: 'Log', exact: true }).click()
    await page.getByRole('option', { name: 'mcp-server-2' }).click()
    await page.getByText('at the first').waitFor({ state: 'detached' })
    await row.getByRole('link').click()
    await page.getByText('in the log of mcp-server-2').waitFor()
    expect(new URL(page.url()).pathname).toBe(`/audit/${other.sequence}`)
    await page.getByText(/records under a checkpoint that mcp-identity\/audit\/mcp-server-2 signed/).waitFor()
    await page.context().close()
    await several.close()
  })

  it('proves a record in the browser, and finds one that was changed', async () => {
    const { page } = await signIn('ivan', '/audit/3')
    await page.getByText(/computed anew and is the same/).waitFor()
    await page.getByText('It follows record 2, whose hash it carries').waitFor()
    await page.getByText(/records under a checkpoint that mcp-identity\/audit signed/).waitFor()
    await page.route(
      ({ pathname }) => pathname === '/audit',
      async (route) => {
        const response = await route.fetch()
        const changed = (await response.text())
          .replaceAll('company.com (', 'company.org (')
          .replaceAll('"outcome":"', '"outcome":"x')
        await route.fulfill({ response, body: changed })
      },
    )
    await page.reload()
    await page.getByText(/The record was changed/).waitFor()
    await page.context().close()
  })

  it('finds a checkpoint that proves nothing, and a log that is signed by another key', async () => {
    const { page } = await signIn('ivan', '/audit/3')
    await page.getByText(/records under a checkpoint/).waitFor()
    const answers = async (
      change: (proof: { proof: string[]; verifierKey: string; checkpoint: string }) => void,
    ): Promise<void> => {
      await page.unrouteAll()
      await page.route('**/audit/proof?*', async (route) => {
        const response = await route.fetch()
        const proof = await response.json()
        change(proof)
        await route.fulfill({ response, json: proof })
      })
      await page.reload()
    }
    await answers(({ proof }) => proof.reverse())
    await page.getByText(/is not in the log of this checkpoint/).waitFor()
    await answers((answer) => {
      answer.verifierKey = 'another/log+00000000+AQ=='
      answer.checkpoint = answer.checkpoint.replaceAll('mcp-identity/audit', 'another/log')
    })
    await page.getByText(/signed by another key than the one that counts here/).waitFor()
    await page.getByRole('button', { name: 'I know why: trust the new key' }).click()
    await page.getByText(/does not prove it/).waitFor()
    await page.context().close()
  })

  it('says who may read it to somebody who may not', async () => {
    const { page } = await signIn('alice', '/audit')
    await page.getByRole('heading', { name: 'You may not see this' }).waitFor()
    await page.getByText('admin:reports').waitFor()
    await page.context().close()
  })
})

describe('a session', () => {
  it('that ends elsewhere ends here within the second, with a way back', async () => {
    const { page } = await signIn('bob', '/access')
    await page.getByText('update_customer').first().waitFor()
    doubles.keycloak.endSessionsOf('bob')
    doubles.mcp.cutOff('sub-bob')
    await page.getByRole('heading', { name: 'Your session was ended' }).waitFor({ timeout: 2000 })
    await page.getByRole('button', { name: 'Sign in again' }).waitFor()
    await page.context().close()
  })

  it('that ends in one tab ends in the others', async () => {
    const { page } = await signIn('ivan', '/access')
    const other = await page.context().newPage()
    await other.goto(`${doubles.url}/access`)
    await other.locator('#main h1').waitFor()
    await page.getByRole('button', { name: 'End this session' }).click()
    await other.getByRole('heading', { name: 'You are signed out' }).waitFor()
    await page.context().close()
  })

  it('goes on while Keycloak is away, and nobody can sign in until it is back', async () => {
    const { page } = await signIn('ivan', '/access')
    await page.getByText('this one').waitFor()
    doubles.keycloak.fault.isDown = true
    await page.getByRole('link', { name: 'Live audit' }).click()
    await page.getByRole('listitem').first().waitFor()
    await page.getByRole('link', { name: 'People' }).click()
    await page.getByRole('heading', { name: 'A part of the stack is away' }).waitFor()
    const late = await openPage(browser)
    await late.page.goto(doubles.url)
    await late.page.getByRole('heading', { name: 'The authorization server does not answer' }).waitFor()
    doubles.keycloak.fault.isDown = false
    await late.page.getByRole('button', { name: /^Sign in/ }).waitFor({ timeout: 10_000 })
    await Promise.all([page, late.page].map((each) => each.context().close()))
  })

  it('of a person without a role says what is missing, and whom to ask', async () => {
    const { page } = await signIn('erin')
    await page.getByText(/None of your groups opens a tool/).waitFor()
    await page.goto(`${doubles.url}/people`)
    await page.getByRole('heading', { name: 'For directory administrators' }).waitFor()
    await page.context().close()
  })
})

describe('my access', () => {
  it('lists every session of mine, and ends another one: its window is signed out', async () => {
    const here = await signIn('dave', '/access')
    const elsewhere = await signIn('dave', '/access')
    await elsewhere.page.getByText('this one').waitFor()
    await here.page.reload()
    const sessions = here.page.getByRole('region', { name: 'Where you are signed in' })
    await sessions.getByText('this one').waitFor()
    await sessions.getByRole('button', { name: 'End the session of Chromium on Linux' }).first().click()
    await elsewhere.page.getByRole('heading', { name: 'Your session was ended' }).waitFor({ timeout: 2000 })
    await sessions.getByRole('button', { name: 'End all others' }).waitFor({ state: 'detached' })
    await Promise.all([here, elsewhere].map(({ page }) => page.context().close()))
  })

  it('takes back what a client was allowed', async () => {
    doubles.keycloak.consents.set('inspector', { clientName: 'MCP Inspector', scopes: ['Read customer records'] })
    const { page } = await signIn('anna', '/access')
    await page.getByRole('button', { name: 'Withdraw what MCP Inspector may do' }).click()
    await page.getByRole('heading', { name: 'Clients that you allowed' }).waitFor({ state: 'detached' })
    expect(doubles.keycloak.consents.size).toBe(0)
    await page.context().close()
  })
})

describe('the policy page', () => {
  it('answers by person, tool, record and time, and the question lives in the address', async () => {
    const { page, complaints } = await signIn('ivan', '/policies?as=bob&tool=update_customer')
    const then = page.getByRole('region', { name: 'Then' })
    await then.getByText('Bob Brandt may call update_customer').waitFor()
    await page.getByRole('textbox', { name: 'team' }).fill('Sales East')
    await then.getByText('Bob Brandt may not call update_customer').waitFor()
    await then.getByText('Account Managers may change customers of their own team only.').first().waitFor()
    await page.getByText('@id("account-managers-change-their-own-team")').waitFor()
    const sent = page.url()
    await page.goto(`${doubles.url}/overview`)
    await page.goto(sent)
    await then.getByText('may not call').waitFor()
    await page.goto(`${doubles.url}/policies?as=carol&tool=run_report&at=2026-12-05T10%3A00`)
    await then.getByText(/allowed again from/).waitFor()
    await page.getByRole('checkbox', { name: 'in a declared emergency' }).check()
    await then.getByText('Carol Castillo may call run_report').waitFor()
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('tells what a candidate set would decide otherwise, as it comes in, and nothing of an earlier one', async () => {
    doubles.mcp.candidate.version = 'second-try'
    const differs = (policyVersion: string, candidate: string) =>
      doubles.mcp.append({
        phase: 'security',
        action: 'shadow_policies_differ',
        outcome: candidate === 'allowed' ? 'allowed' : 'refused',
        email: 'bob@company.com',
        tool: 'update_customer',
        policies: ['nobody-changes'],
        policyVersion,
        details: { live: 'allowed', livePolicies: ['account-managers-change-their-own-team'], candidate },
      })
    await differs('first-try', 'denied')
    await differs('second-try', 'denied')
    const { page } = await signIn('ivan', '/policies?as=bob&tool=update_customer')
    const shown = page.getByRole('region', { name: 'A candidate beside them' })
    await shown.getByText('1 difference', { exact: true }).waitFor()
    await shown.getByText('account managers change their own team → nobody changes').waitFor()
    await differs('second-try', 'denied')
    await shown.getByText('2 differences').waitFor()
    expect(await findAxeViolations(page)).toEqual([])
    await page.context().close()
    doubles.mcp.candidate.version = undefined
  })

  it('shows what would follow from another group', async () => {
    const { page } = await signIn('ivan', '/policies?as=erin&tool=list_customers')
    const then = page.getByRole('region', { name: 'Then' })
    await then.getByText('Erin Ellis may not call list_customers').waitFor()
    const groups = page.getByRole('combobox', { name: 'in the groups' })
    await groups.focus()
    await groups.press('ArrowDown')
    await page.getByRole('option', { name: 'Customer Readers' }).click()
    await then.getByText('Erin Ellis may call list_customers').waitFor()
    await page.context().close()
  })

  it('says who may read it to somebody who may not', async () => {
    const { page } = await signIn('alice', '/policies')
    await page.getByRole('heading', { name: 'You may not see this' }).waitFor()
    await page.getByText('admin:reports').waitFor()
    await page.context().close()
  })
})

describe('the access review', () => {
  it('keeps and revokes with a reason, is signed off, and hands out evidence that its signature fits', async () => {
    const { page, complaints } = await signIn('ivan', '/review')
    await page
      .getByRole('textbox', { name: 'Which one' })
      .or(page.getByRole('combobox', { name: 'Which one' }))
      .first()
      .fill('update')
    await page.getByRole('option', { name: 'update_customer' }).click()
    await page.getByRole('button', { name: 'Begin' }).click()
    await page.waitForURL(/\/review\/[0-9a-f-]{36}$/)
    const grants = page.getByRole('region', { name: 'Grants' })
    await grants.getByText('bob', { exact: false }).first().waitFor()
    expect(await page.getByRole('button', { name: 'Sign off' }).isDisabled()).toBe(true)
    await grants.getByRole('checkbox', { name: 'All grants of Bob Brandt' }).check()
    expect(await grants.getByRole('button', { name: 'Revoke' }).isDisabled()).toBe(true)
    await grants.getByRole('textbox', { name: 'Reason' }).fill('"><img src=x onerror=alert(1)>')
    await grants.getByRole('button', { name: 'Revoke' }).click()
    await grants.getByText('revoked', { exact: true }).waitFor()
    await grants.getByRole('button', { name: 'all without a verdict' }).click()
    await grants.getByRole('textbox', { name: 'Reason' }).fill('needed for the quarter')
    await grants.getByRole('button', { name: 'Keep' }).click()
    await page.getByText(/Every grant has a verdict/).waitFor()
    expect({ violations: await findAxeViolations(page) }).toEqual({ violations: [] })
    await page.getByRole('button', { name: 'Sign off' }).click()
    await page.getByText('as it was signed off').waitFor()
    expect(await grants.getByRole('checkbox').count()).toBe(0)

    const evidence = page.getByRole('region', { name: 'Evidence' })
    await evidence.getByText(/the signature is right, and so is each of 3 files/).waitFor()
    const saved = async (button: string): Promise<string> => {
      const download = page.waitForEvent('download')
      await evidence.getByRole('button', { name: button, exact: true }).click()
      return readFile(await (await download).path(), 'utf8')
    }
    const files = {
      'access-review.json': await saved('JSON'),
      'access-review.csv': await saved('Table (CSV)'),
      'access-review.html': await saved('Page to print'),
    }
    expect(files['access-review.csv']).toContain('needed for the quarter')
    expect(files['access-review.html']).not.toContain('<img')
    const statement = JSON.parse(
      Buffer.from((await saved('Signature')).split('.')[1] ?? '', 'base64url').toString(),
    ) as { files: Record<string, string> }
    for (const [name, content] of Object.entries(files)) {
      expect({ name, digest: hash('sha256', content, 'base64url') }).toEqual({ name, digest: statement.files[name] })
    }
    expect(await page.locator('#main img').count()).toBe(0)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('notices evidence that was changed on its way, and evidence that another key signed', async () => {
    const { page } = await signIn('ivan', '/review')
    await page.getByText('Everything', { exact: true }).click()
    await page.getByRole('button', { name: 'Begin' }).click()
    const evidence = page.getByRole('region', { name: 'Evidence' })
    await evidence.getByText(/the signature is right/).waitFor()
    const answers = async (
      change: (answer: { files: Record<string, string>; publicKey: { x: string } }) => void,
    ): Promise<void> => {
      await page.unrouteAll()
      await page.route('**/access-review/evidence?*', async (route) => {
        const response = await route.fetch()
        const answer = await response.json()
        change(answer)
        await route.fulfill({ response, json: answer })
      })
      await page.reload()
    }
    await answers(({ files }) => {
      files['access-review.csv'] += 'one row more'
    })
    await evidence.getByText(/does not hold: access-review.csv was changed/).waitFor()
    await answers(({ publicKey }) => {
      publicKey.x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
    })
    await evidence.getByText(/signed by another key/).waitFor()
    await evidence.getByRole('button', { name: 'I know why: trust the new key' }).click()
    await evidence.getByText(/does not hold: the signature is not of this key/).waitFor()
    await page.context().close()
  })

  it('leaves the own access to somebody else', async () => {
    const { page } = await signIn('ivan', '/review')
    await page.getByText('Everything', { exact: true }).click()
    await page.getByRole('button', { name: 'Begin' }).click()
    await page.getByText('your own: somebody else has to say').waitFor()
    expect(await page.getByRole('checkbox', { name: 'All grants of Ivan Ibarra' }).count()).toBe(0)
    await page.context().close()
  })

  it('shows where the realm and the directory do not agree', async () => {
    const { page } = await signIn('ivan', '/review')
    await page.getByText(/The realm holds the same people in the same groups/).waitFor()
    await page.context().close()
  })

  it('says who may read it to somebody who may not', async () => {
    const { page } = await signIn('alice', '/review')
    await page.getByRole('heading', { name: 'You may not see this' }).waitFor()
    await page.context().close()
  })
})

describe('the keys page', () => {
  it('rotates with one click: new tokens by the new key, old ones good until their key is withdrawn', async () => {
    const { page } = await signIn('ivan', '/keys')
    const keys = page.getByRole('region', { name: 'Signing keys of the realm' })
    await keys.getByText('signed your token').waitFor()
    const before = await keys.getByRole('listitem').count()
    await keys.getByRole('button', { name: 'Rotate now' }).click()
    const trial = page.getByRole('region', { name: 'What the rotation did' })
    await expect.poll(() => trial.getByText('The MCP server accepts it').count()).toBe(2)
    expect(await keys.getByRole('listitem').count()).toBe(before + 1)
    await keys.getByRole('button', { name: 'Withdraw' }).click()
    await page.getByRole('button', { name: 'Withdraw now' }).click()
    await trial.getByText('The MCP server refuses it').waitFor()
    await trial.getByText(/Its key has left the key set/).waitFor()
    await trial.getByText('The MCP server accepts it').waitFor()
    await page.context().close()
  })

  it('shows the public key set to everybody, and the buttons to nobody else', async () => {
    const { page } = await signIn('alice', '/keys')
    await page.getByText('signed your token').waitFor()
    await page.getByText(/Rotating needs/).waitFor()
    expect(await page.getByRole('button', { name: 'Rotate now' }).count()).toBe(0)
    await page.context().close()
  })
})

describe('an export', () => {
  it('saves what the filters show, as a table and as lines', async () => {
    const { page } = await signIn('ivan', '/audit?outcome=refused')
    await page.getByRole('listitem').first().waitFor()
    for (const [choice, first] of [
      ['Table (CSV)', '"log","sequence"'],
      ['JSON lines, with hashes', '{"hash":'],
    ] as const) {
      await page.getByRole('button', { name: 'Export' }).click()
      const download = page.waitForEvent('download')
      await page.getByRole('menuitem', { name: choice }).click()
      const text = await readFile(await (await download).path(), 'utf8')
      expect(text.slice(0, first.length)).toBe(first)
      expect(text).toContain('refused')
      expect(text).not.toContain('"succeeded"')
      await page.getByText(/records saved/).waitFor()
    }
    await page.context().close()
  })
})

describe('the overview', () => {
  it('tells when the realm last changed its signing keys', async () => {
    const { page } = await signIn('ivan', '/overview')
    await page.getByText('Just now', { exact: true }).waitFor()
    await doubles.mcp.append({ phase: 'security', action: 'keys_rotated', outcome: 'succeeded' })
    await page.getByText(/^keys rotated (just now|\d)/).waitFor()
    await page.context().close()
  })

  it('says which part is not ready, and what it waits for', async () => {
    doubles.mcp.fault.isStale = true
    const { page } = await signIn('ivan', '/overview')
    await page.getByText('Not ready').waitFor()
    doubles.mcp.fault.isStale = false
    await page.getByText('Not ready').waitFor({ state: 'detached', timeout: 15_000 })
    await page.context().close()
  })
})

describe('the people page', () => {
  it('disables a person after one question, and the stopwatch stops when the MCP server knows', async () => {
    const { page } = await signIn('ivan', '/people/dave')
    await page.getByRole('button', { name: 'Disable', exact: true }).click()
    await page.getByRole('button', { name: 'Disable now' }).click()
    await page.getByText('The MCP server refuses from here on').waitFor()
    expect(
      await page
        .getByText(/^\d+ ms$/)
        .first()
        .textContent(),
    ).toMatch(/^\d+ ms$/)
    await page.getByRole('button', { name: 'Enable again' }).click()
    await page.getByRole('button', { name: 'Disable', exact: true }).waitFor()
    await page.context().close()
  })

  it('waits for every replica, and says when each one began to refuse', async () => {
    const several = await startDoubles({ replicas: 2 })
    const [, second, third] = several.settings.replicas.map((origin) => new URL(origin).host)
    const { page } = await signIn('ivan', '/people/dave', {}, several)
    await page.getByRole('button', { name: 'Disable', exact: true }).click()
    await page.getByRole('button', { name: 'Disable now' }).click()
    await page.getByText(`waits for ${second}, ${third}`).waitFor()
    const [dave] = several.people.filter(({ username }) => username === 'dave')
    for (const [index, replica] of several.replicas.entries()) {
      expect(await page.getByText(/^waits for/).isVisible()).toBe(true)
      if (dave !== undefined) await several.hearOf(dave, replica)
      await page.getByText(`${[second, third][index]} refuses from here on`).waitFor()
    }
    await page.getByText(/^waits for/).waitFor({ state: 'detached' })
    await page.context().close()
    await several.close()
  })

  it('does not let an administrator disable herself', async () => {
    const { page } = await signIn('ivan', '/people/ivan')
    expect(await page.getByRole('button', { name: 'Disable', exact: true }).isDisabled()).toBe(true)
    await page.context().close()
  })
})
