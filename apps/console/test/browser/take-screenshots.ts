import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { launchBrowser } from './support/launch-browser.ts'
import { dark, openPage, phone } from './support/open-page.ts'
import { signInAtCompany, startRealStack } from './support/real-stack.ts'

/** Starts a stack, works in it for a moment, and takes pictures of every page: light, dark, and on a phone. */
const folder = fileURLToPath(new URL('../../../../docs/screenshots/', import.meta.url))

interface Shot {
  name: string
  person: string
  path: string
  height?: number
  /** Waits until the page shows what the picture is about. */
  settle(page: Page): Promise<unknown>
}

const shots: readonly Shot[] = [
  {
    name: 'overview',
    person: 'ivan',
    path: '/overview',
    height: 1060,
    settle: (page) => page.getByText('Just now', { exact: true }).waitFor(),
  },
  {
    name: 'live-audit',
    person: 'ivan',
    path: '/audit',
    settle: (page) => page.getByRole('listitem').nth(5).waitFor(),
  },
  { name: 'audit-record', person: 'ivan', path: '/audit?outcome=refused', height: 1080, settle: openRefusedRecord },
  {
    name: 'people',
    person: 'ivan',
    path: '/people',
    settle: (page) => page.getByText('alice@company.com').waitFor(),
  },
  {
    name: 'access-review',
    person: 'ivan',
    path: '/review',
    height: 980,
    settle: (page) => page.getByText(/The realm holds the same people/).waitFor(),
  },
  { name: 'campaign', person: 'ivan', path: '/review', height: 1080, settle: openCampaign },
  {
    name: 'what-if',
    person: 'ivan',
    path: `/policies?${new URLSearchParams({ as: 'bob', tool: 'update_customer', record: '{"team":"Sales East"}' })}`,
    height: 1180,
    settle: (page) => page.getByText(/^@id/).or(page.getByText('may not call')).first().waitFor(),
  },
  { name: 'keys', person: 'ivan', path: '/keys', height: 1040, settle: rotateKey },
  {
    name: 'my-access',
    person: 'alice',
    path: '/access',
    height: 1480,
    settle: (page) => page.getByText('this one').waitFor(),
  },
]

const looks: readonly { suffix: string; options: BrowserContextOptions }[] = [
  { suffix: '', options: {} },
  { suffix: '-dark', options: dark },
  { suffix: '-phone', options: phone },
]

await mkdir(folder, { recursive: true })
const stack = await startRealStack()
const browser = await launchBrowser()
try {
  await stack.workADay()
  await takeSignIn()
  await reviewGroup('Account Managers')
  for (const { suffix, options } of looks) {
    for (const person of ['ivan', 'alice']) await takePagesOf(person, suffix, options)
  }
  await takeStopwatch()
} finally {
  await browser.close()
  await stack.stop()
}

async function takeSignIn(): Promise<void> {
  const { page } = await openPage(browser)
  await page.goto(stack.file.urls.console)
  await page.getByRole('button', { name: /^Sign in/ }).waitFor()
  await page.screenshot({ path: `${folder}sign-in.png` })
  await page.context().close()
}

async function takePagesOf(person: string, suffix: string, options: BrowserContextOptions): Promise<void> {
  const { page } = await openPage(browser, options)
  await page.goto(stack.file.urls.console)
  await signInAtCompany(page, stack.file, person)
  for (const { name, path, height, settle } of shots.filter((shot) => shot.person === person)) {
    if (suffix !== '-phone') await page.setViewportSize({ width: 1360, height: height ?? 860 })
    await page.goto(stack.file.urls.console + path)
    await settle(page)
    await page.evaluate('document.fonts.ready.then(() => undefined)')
    await page.screenshot({ path: `${folder}${name}${suffix}.png` })
    console.log(`${name}${suffix}.png`)
  }
  await page.context().close()
}

/** A review that is under way: what nobody used is revoked, one grant is kept, the rest waits. */
async function reviewGroup(group: string): Promise<void> {
  const { page } = await openPage(browser)
  await page.goto(`${stack.file.urls.console}/review`)
  await signInAtCompany(page, stack.file, 'ivan')
  await page.getByText('A group', { exact: true }).click()
  await page.getByRole('combobox', { name: 'Which one' }).fill(group)
  await page.getByRole('option', { name: group }).click()
  await page.getByRole('button', { name: 'Begin' }).click()
  const grants = page.getByRole('region', { name: 'Grants' })
  await page.getByRole('button', { name: 'those never used' }).click()
  await grants.getByRole('textbox', { name: 'Reason' }).fill('Not needed since the review before')
  await grants.getByRole('button', { name: 'Revoke' }).click()
  await grants.getByText('revoked', { exact: true }).first().waitFor()
  await grants
    .getByRole('checkbox', { name: /^list_customers/ })
    .first()
    .check()
  await grants.getByRole('textbox', { name: 'Reason' }).fill('Prepares the weekly call lists')
  await grants.getByRole('button', { name: 'Keep' }).click()
  await grants.getByText('kept', { exact: true }).first().waitFor()
  await page.context().close()
}

async function openCampaign(page: Page): Promise<void> {
  await page.locator('a[href^="/review/"]').first().click()
  await page.getByText('kept', { exact: true }).first().waitFor()
}

/** Rotated for each picture, so that it shows both tokens. */
async function rotateKey(page: Page): Promise<void> {
  await page.getByText('signed your token').waitFor()
  await page.getByRole('button', { name: 'Rotate now' }).click()
  await page.getByText('The MCP server accepts it').nth(1).waitFor()
}

async function openRefusedRecord(page: Page): Promise<void> {
  await page
    .getByRole('link', { name: /was refused/ })
    .first()
    .click()
  await page.getByText(/computed anew and is the same/).waitFor()
  await page.getByText(/records under a checkpoint/).waitFor()
}

/** The picture of the stopwatch: alice is disabled for it, and enabled again. */
async function takeStopwatch(): Promise<void> {
  const { page } = await openPage(browser)
  await page.goto(`${stack.file.urls.console}/people/alice`)
  await signInAtCompany(page, stack.file, 'ivan')
  await page.getByRole('button', { name: 'Disable', exact: true }).click()
  await page.getByRole('button', { name: 'Disable now' }).click()
  await page.getByText('The MCP server refuses from here on').waitFor()
  await page.getByText('The directory answered this page').waitFor()
  await page.screenshot({ path: `${folder}stopwatch.png` })
  await page.getByRole('button', { name: 'Enable again' }).click()
  await page.getByRole('button', { name: 'Disable', exact: true }).waitFor()
  await page.context().close()
}
