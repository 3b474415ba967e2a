import { launchBrowser } from './support/launch-browser.ts'
import { openPage } from './support/open-page.ts'
import { signInAtCompany, startRealStack } from './support/real-stack.ts'

/** Starts a stack and prints how long the first page takes, and how much script it loads, in a browser that knows nothing. */
const rounds = 5
const scriptBudgetKb = 250
const loadBudgetMs = 1500

const stack = await startRealStack()
const browser = await launchBrowser()
try {
  const loads: Load[] = []
  for (let round = 0; round < rounds; round += 1) loads.push(await loadOnce('anna'))
  const median = (read: (load: Load) => number): number =>
    loads.map(read).sort((one, other) => one - other)[Math.floor(rounds / 2)] ?? 0
  console.log(`script, compressed: ${median(({ scriptKb }) => scriptKb).toFixed(0)} KB (budget ${scriptBudgetKb})`)
  console.log(`door, ready to sign in: ${median(({ doorMs }) => doorMs).toFixed(0)} ms (budget ${loadBudgetMs})`)
  console.log(
    `reload while signed in, to the page: ${median(({ pageMs }) => pageMs).toFixed(0)} ms (budget ${loadBudgetMs})`,
  )
  console.log(`medians of ${rounds} rounds, each with an empty cache`)
} finally {
  await browser.close()
  await stack.stop()
}

interface Load {
  /** From the request of the page to the button that signs in, the silent look for a session included. */
  doorMs: number
  /** From a reload to the first page of somebody who is signed in, the silent sign-in included. */
  pageMs: number
  scriptKb: number
}

async function loadOnce(username: string): Promise<Load> {
  const { page } = await openPage(browser)
  const startedAt = performance.now()
  await page.goto(`${stack.file.urls.console}/access`, { waitUntil: 'commit' })
  await page.getByRole('button', { name: /^Sign in/ }).waitFor()
  const doorMs = performance.now() - startedAt
  await signInAtCompany(page, stack.file, username)
  await page.getByText('list_customers').first().waitFor()
  const scriptBytes = await page.evaluate<number>(
    "performance.getEntriesByType('resource').reduce((sum, { name, encodedBodySize }) => sum + (name.endsWith('.js') ? encodedBodySize : 0), 0)",
  )
  // The browser keeps nothing of the first visit but the session's cookies.
  const session = await page.context().newCDPSession(page)
  await session.send('Network.clearBrowserCache')
  const reloadedAt = performance.now()
  await page.reload({ waitUntil: 'commit' })
  await page.getByText('list_customers').first().waitFor()
  const pageMs = performance.now() - reloadedAt
  await page.context().close()
  return { doorMs, pageMs, scriptKb: scriptBytes / 1024 }
}
