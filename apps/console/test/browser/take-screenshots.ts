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
  /** Name of the page in the navigation. */
  page: string
  height?: number
  /** Waits until the page shows what the picture is about. */
  settle(page: Page): Promise<unknown>
}

const shots: readonly Shot[] = [
  {
    name: 'overview',
    person: 'ivan',
    page: 'Overview',
    height: 1060,
    settle: (page) => page.getByText('Just now', { exact: true }).waitFor(),
  },
  {
    name: 'live-audit',
    person: 'ivan',
    page: 'Live audit',
    settle: (page) => page.getByRole('listitem').nth(5).waitFor(),
  },
  { name: 'audit-record', person: 'ivan', page: 'Live audit', height: 980, settle: openRefusedRecord },
  {
    name: 'my-access',
    person: 'alice',
    page: 'My access',
    height: 1180,
    settle: (page) => page.getByText('list_customers').waitFor(),
  },
  { name: 'people', person: 'ivan', page: 'People', settle: (page) => page.getByText('alice@company.com').waitFor() },
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
  for (const { name, page: title, height, settle } of shots.filter((shot) => shot.person === person)) {
    if (suffix !== '-phone') await page.setViewportSize({ width: 1360, height: height ?? 860 })
    await page.getByRole('navigation').getByRole('link', { name: title }).click()
    await settle(page)
    await page.evaluate('document.fonts.ready.then(() => undefined)')
    await page.screenshot({ path: `${folder}${name}${suffix}.png` })
    console.log(`${name}${suffix}.png`)
  }
  await page.context().close()
}

async function openRefusedRecord(page: Page): Promise<void> {
  await page
    .getByRole('link', { name: /was refused/ })
    .first()
    .click()
  await page.getByText(/computed anew and is the same/).waitFor()
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
