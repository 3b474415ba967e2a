import { createBrowser } from '../interactive-client.ts'
import type { Person } from './person-provider.ts'
import { mustRun } from './run-command.ts'

/** What a driver tells, one JSON object a line. */
type DriverEvent =
  | { event: 'authorize'; url: string }
  | { event: 'tools'; names: string[] }
  | { event: 'called' | 'refused'; tool: string; text: string }

export interface DriverReport {
  tools: string[]
  /** In the order of the calls. */
  answers: { event: 'called' | 'refused'; tool: string; text: string }[]
  /** The scopes of each authorization request, in order. */
  asked: string[]
}

/** Runs a driver; where it asks for a browser, the person signs in and the driver reads the address she came back to. */
export async function driveClient(
  command: readonly [string, ...string[]],
  env: Record<string, string>,
  person: Person,
): Promise<DriverReport> {
  const report: DriverReport = { tools: [], answers: [], asked: [] }
  const browser = createBrowser()

  async function authorize(url: URL): Promise<string> {
    report.asked.push(url.searchParams.get('scope') ?? '')
    const page = await browser.open(url.href, url.searchParams.get('redirect_uri') ?? '', person)
    if (page.arrivedAt === undefined) throw new Error(`the sign-in stopped with ${page.status}: ${page.text}`)
    return page.arrivedAt.href
  }

  const [program, ...args] = command
  await mustRun(program, args, {
    env: { ...process.env, ...env },
    onLine(line) {
      const event = JSON.parse(line) as DriverEvent
      if (event.event === 'authorize') return authorize(new URL(event.url))
      if (event.event === 'tools') report.tools = event.names.sort()
      else report.answers.push(event)
      return undefined
    },
  })
  return report
}
