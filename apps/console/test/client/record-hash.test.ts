import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AuditEvent, type AuditRecord, openAuditLog } from '@mcp-identity/audit-log'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import '../../src/client/without-eval.ts'
import { readAuditRecord } from '../../src/client/api/audit-record.ts'
import { firstPrevious, hashRecord } from '../../src/client/api/record-hash.ts'

let folder: string
let records: AuditRecord[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'record-hash-'))
  const log = await openAuditLog({ path: join(folder, 'audit.jsonl') })
  const call = { phase: 'decision', action: 'tools/call', tool: 'whoami', outcome: 'allowed' } as const
  await log.append({ ...call, email: 'alice@company.com', policies: ['a', 'b'], durationMs: 0.25 })
  await log.append({ ...call, name: 'Zoë \u2028 "Quote" \u0085 \\ <img src=x>', details: { z: 1, a: [null, true] } })
  await log.append({ ...call, reason: 'naïve 名前 🙂' })
  await log.append({
    tool: 'last',
    outcome: 'refused',
    unknownMember: { b: 1, a: 2 },
    phase: 'outcome',
    action: 'x',
  } as AuditEvent)
  records = await log.query()
  await log.close()
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** As the page gets it: over the wire and through the schema. */
const received = (record: AuditRecord | undefined) =>
  readAuditRecord(JSON.parse(JSON.stringify({ log: 'mcp-server', ...record })))

describe('hashRecord', () => {
  it('computes the hash that the log wrote, whatever is in the record', async () => {
    const hashes = await Promise.all(records.map((record) => hashRecord(received(record))))
    expect(hashes).toEqual(records.map(({ hash }) => hash))
  })

  it('knows where a log begins', () => {
    expect(records[0]?.previous).toBe(firstPrevious)
  })

  it.each([
    ['the event', (record: ReturnType<typeof received>) => Object.assign(record.event, { outcome: 'refused' })],
    ['the sequence', (record: ReturnType<typeof received>) => Object.assign(record, { sequence: 9 })],
    ['the hash before', (record: ReturnType<typeof received>) => Object.assign(record, { previous: 'B'.repeat(43) })],
  ])('finds that %s was changed', async (_what, change) => {
    const record = received(records[0])
    change(record)
    expect(await hashRecord(record)).not.toBe(record.hash)
  })
})
