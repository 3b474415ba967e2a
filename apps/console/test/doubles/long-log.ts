import type { AuditEvent } from '@mcp-identity/audit-log'
import type { DoubleMcpServer } from './double-mcp-server.ts'
import type { DoublePerson } from './people.ts'
import { callEvents, sampleCalls } from './sample-calls.ts'

const batch = 5000

/**
 * Fills a log with calls of a working week until it gives `lines` lines, a second apart and ending now.
 *
 * @returns how many records that took; a call that is allowed has two.
 */
export async function appendLongLog(mcp: DoubleMcpServer, people: DoublePerson[], lines: number): Promise<number> {
  const now = Date.now()
  let events: AuditEvent[] = []
  let records = 0
  for (let index = 0; index < lines; index += 1) {
    const call = sampleCalls[(index * 7 + Math.floor(index / 11)) % sampleCalls.length]
    const person = people.find(({ username }) => username === call?.username)
    if (call === undefined || person === undefined) throw new TypeError('the sample names somebody who is not there')
    events.push(...callEvents(person, call, new Date(now - (lines - index) * 1000)))
    if (events.length < batch && index < lines - 1) continue
    await mcp.appendAll(events)
    records += events.length
    events = []
  }
  return records
}
