import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appendLongLog } from '../doubles/long-log.ts'
import { appendCall, sampleCalls } from '../doubles/sample-calls.ts'
import { type Doubles, startDoubles } from '../doubles/start-doubles.ts'
import { launchBrowser } from './support/launch-browser.ts'
import { openPage } from './support/open-page.ts'

const lines = 100_000

let browser: Browser
let doubles: Doubles
let records: number

beforeAll(async () => {
  browser = await launchBrowser()
  doubles = await startDoubles()
  records = await appendLongLog(doubles.mcp, doubles.people, lines)
})
afterAll(async () => {
  await browser.close()
  await doubles.close()
})

/** Milliseconds between frames, as the screen got them. */
interface Frames {
  count: number
  median: number
  p95: number
  longest: number
}

function framesOf(times: number[]): Frames {
  const sorted = times.toSorted((one, other) => one - other)
  const at = (share: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0)
  return { count: times.length, median: at(0.5), p95: at(0.95), longest: at(1) }
}

/** Scrolls on by `step` pixels with every frame, at most `most` frames or to the end of the rows that are there. */
function scrollOn(page: Page, step: number, most: number): Promise<number[]> {
  return page.evaluate(
    ([pixels, limit]) =>
      new Promise<number[]>((resolve) => {
        const scroller = document.querySelector('section[aria-label^="Audit records"]')
        const times: number[] = []
        let last = performance.now()
        const next = (now: number): void => {
          times.push(now - last)
          last = now
          const before = scroller?.scrollTop ?? 0
          scroller?.scrollBy({ top: pixels })
          if (times.length >= limit || scroller?.scrollTop === before) resolve(times.slice(1))
          else requestAnimationFrame(next)
        }
        requestAnimationFrame(next)
      }),
    [step, most] as const,
  )
}

describe('a log of 100,000 lines', () => {
  it('is read page by page as it is scrolled, and scrolls on while new lines come in', async () => {
    const { page, complaints } = await openPage(browser)
    await page.goto(`${doubles.url}/audit`)
    await page.getByRole('button', { name: /^Sign in/ }).click()
    await page.getByRole('link', { name: 'ivan', exact: true }).click()
    const rows = page.getByRole('listitem')
    await rows.first().waitFor()

    const startedAt = performance.now()
    const loading: number[] = []
    const all = page.getByText(`${lines.toLocaleString('en')} in all`)
    while ((await all.count()) === 0) loading.push(...(await scrollOn(page, 20_000, 200)))
    const seconds = (performance.now() - startedAt) / 1000
    await page
      .getByText(/called get_customer/)
      .first()
      .waitFor()

    const [call] = sampleCalls
    const [person] = doubles.people
    if (call === undefined || person === undefined) throw new TypeError('the sample is empty')
    const arriving = setInterval(() => void appendCall(doubles.mcp, person, call, new Date()), 50)
    const back = await scrollOn(page, -900, 400)
    clearInterval(arriving)
    const inDocument = await rows.count()

    console.log(
      [
        `${lines.toLocaleString('en')} lines of ${records.toLocaleString('en')} records, ${inDocument} rows in the document`,
        `scrolled to the end, every page loaded: ${seconds.toFixed(1)} s, frames ${describeFrames(framesOf(loading))}`,
        `scrolled back, 20 new lines a second: frames ${describeFrames(framesOf(back))}`,
      ].join('\n'),
    )
    expect(inDocument).toBeLessThan(80)
    // A slow machine is no defect; a table that holds every row takes seconds a frame.
    expect(framesOf(back).p95).toBeLessThan(500)
    expect(complaints).toEqual([])
    await page.context().close()
  }, 180_000)
})

function describeFrames({ count, median, p95, longest }: Frames): string {
  return `median ${median} ms, 95 % within ${p95} ms, longest ${longest} ms (${count})`
}
