import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findAxeViolations } from './support/find-axe-violations.ts'
import { launchBrowser } from './support/launch-browser.ts'
import { openPage, type WatchedPage } from './support/open-page.ts'
import { type RealStack, signInAtCompany, startRealStack } from './support/real-stack.ts'

let browser: Browser
let stack: RealStack

beforeAll(async () => {
  stack = await startRealStack()
  browser = await launchBrowser()
}, 300_000)
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
}, 60_000)

async function signIn(username: string, path = '/'): Promise<WatchedPage> {
  const watched = await openPage(browser)
  await watched.page.goto(stack.file.urls.console + path)
  await signInAtCompany(watched.page, stack.file, username)
  return watched
}

const close = (...opened: WatchedPage[]): Promise<unknown> =>
  Promise.all(opened.map(({ page }) => page.context().close()))

describe('over a real Keycloak, corporate IdP and MCP server', () => {
  it('a person signs in through the corporate IdP and sees what she may call, and why', async () => {
    const alice = await signIn('alice')
    await alice.page.waitForURL('**/access')
    const mayCall = alice.page.getByRole('region', { name: 'You may call' })
    await mayCall.getByText('delete_customer').waitFor()
    await mayCall.getByText('customer admins manage customers').first().waitFor()
    await alice.page.getByRole('region', { name: 'You may not call' }).getByText('list_invoices').waitFor()
    await alice.page.getByRole('region', { name: 'Where it comes from' }).getByText('Customer Admins').waitFor()
    expect(await findAxeViolations(alice.page)).toEqual([])
    expect(alice.complaints).toEqual([])
    await close(alice)
  })

  it('a person without a group is told what is missing', async () => {
    const erin = await signIn('erin')
    await erin.page.getByText(/None of your groups opens a tool/).waitFor()
    await close(erin)
  })

  it('the line of a real call appears while it happens, and its record proves itself in the browser', async () => {
    const ivan = await signIn('ivan', '/audit')
    await ivan.page.getByText('Live', { exact: true }).waitFor()
    await stack.session('alice').callTool('get_customer', { id: 'cust_789' })
    const line = ivan.page.getByRole('link', { name: 'alice@company.com (Engineering) called get_customer' }).first()
    await line.click()
    await ivan.page.getByText(/computed anew and is the same/).waitFor()
    await ivan.page.getByText(/whose hash it carries/).waitFor()
    expect(ivan.complaints).toEqual([])
    await close(ivan)
  })

  it('disabling a person is seen by the MCP server within a second, and signs her out of her other window', async () => {
    await stack.session('alice').callTool('whoami')
    const alice = await signIn('alice', '/access')
    const ivan = await signIn('ivan', '/people/alice')
    await ivan.page.getByRole('button', { name: 'Disable', exact: true }).click()
    await ivan.page.getByRole('button', { name: 'Disable now' }).click()
    await alice.page.getByRole('heading', { name: 'Your session was ended' }).waitFor({ timeout: 5000 })
    const stopwatch = ivan.page.getByRole('region', { name: 'Stopwatch' })
    await stopwatch.getByText('The MCP server refuses from here on').waitFor()
    const time = await stopwatch
      .getByText(/^[\d,]+ ms$/)
      .first()
      .textContent()
    console.log(`stopwatch: ${time}`)
    expect(Number(time?.replaceAll(/\D/g, ''))).toBeLessThan(1000)

    await alice.page.getByRole('button', { name: 'Sign in again' }).click()
    await alice.page.getByLabel('User name').fill('alice')
    await alice.page.getByLabel('Password', { exact: true }).fill('alice-at-company')
    await alice.page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await alice.page.waitForURL((url) => url.origin === stack.file.urls.corporateIdp)
    expect(await alice.page.locator('#main').count()).toBe(0)

    await ivan.page.getByRole('button', { name: 'Enable again' }).click()
    await ivan.page.getByRole('button', { name: 'Disable', exact: true }).waitFor()
    expect([...alice.complaints, ...ivan.complaints]).toEqual([])
    await close(alice, ivan)
  })

  it('a change of groups reaches the MCP server by itself', async () => {
    const ivan = await signIn('ivan', '/people/erin')
    await ivan.page.getByRole('checkbox', { name: 'Data Analysts' }).check()
    await ivan.page.getByRole('button', { name: 'Save groups' }).click()
    await ivan.page
      .getByRole('region', { name: 'Stopwatch' })
      .getByText(/Delivered: SCIM: group/)
      .waitFor()
    const erin = await signIn('erin')
    await erin.page.getByRole('region', { name: 'You may call' }).getByText('run_report').waitFor()
    await close(ivan, erin)
  })

  it('signing out ends the session at Keycloak: nothing is found after a reload', async () => {
    const dave = await signIn('dave', '/access')
    await dave.page.getByRole('button', { name: 'End this session' }).click()
    await dave.page.getByRole('heading', { name: /^Sign out of/ }).waitFor()
    await dave.page.getByRole('button', { name: 'Sign out' }).click()
    await dave.page.getByRole('button', { name: /^Sign in/ }).waitFor()
    await dave.page.reload()
    await dave.page.getByRole('button', { name: /^Sign in/ }).waitFor()
    await close(dave)
  })
})
