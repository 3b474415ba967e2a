import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type AuditEvent, openAuditLog, queryAuditLog, verifyAuditLog } from '../src/index.ts'
import { aliceDeletes } from './events.ts'
import { temporaryFolder } from './temporary-folder.ts'

const clock = () => 1_795_000_000

async function logOf(events: number, change: (index: number) => Partial<AuditEvent> = () => ({})): Promise<string> {
  const path = join(temporaryFolder(), 'audit.jsonl')
  const log = await openAuditLog({ path, clock })
  await Promise.all(Array.from({ length: events }, (_, index) => log.append({ ...aliceDeletes, ...change(index) })))
  await log.close()
  return path
}

describe('an audit log', () => {
  it('gives each event its number, its time and its place in the chain', async () => {
    const path = join(temporaryFolder(), 'deep', 'audit.jsonl')
    const log = await openAuditLog({ path, clock })
    const [first, second] = await Promise.all([
      log.append(aliceDeletes),
      log.append({ ...aliceDeletes, outcome: 'refused' }),
    ])
    await log.close()
    expect(first).toMatchObject({ sequence: 1, previous: 'A'.repeat(43), event: { time: '2026-11-18T11:06:40.000Z' } })
    expect(second).toMatchObject({ sequence: 2, previous: first.hash, event: { outcome: 'refused' } })
    expect(await verifyAuditLog(path)).toEqual({ intact: true, records: 2, head: second.hash })
  })

  it('goes on where it ended', async () => {
    const path = await logOf(3)
    const log = await openAuditLog({ path, clock })
    expect(await log.append(aliceDeletes)).toMatchObject({ sequence: 4 })
    await log.close()
    expect(await verifyAuditLog(path)).toMatchObject({ intact: true, records: 4 })
  })

  it('removes a record that a crash left unfinished, and says so', async () => {
    const path = await logOf(3)
    appendFileSync(path, '{"hash":"abc')
    expect(await verifyAuditLog(path)).toMatchObject({ intact: false, firstBadSequence: 4 })
    const log = await openAuditLog({ path, clock })
    expect(log.recovery).toEqual({ tornBytes: 12 })
    expect(await log.append(aliceDeletes)).toMatchObject({ sequence: 4 })
    await log.close()
    expect(await verifyAuditLog(path)).toMatchObject({ intact: true, records: 4 })
  })

  it('has one writer at a time', async () => {
    const path = join(temporaryFolder(), 'audit.jsonl')
    const log = await openAuditLog({ path, clock })
    await expect(openAuditLog({ path, clock })).rejects.toThrow(`${path} is being written by another process`)
    await log.close()
    await (await openAuditLog({ path, clock })).close()
  })

  it('refuses to go on after a cut or changed end', async () => {
    const path = await logOf(3)
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace(/alice@company(?!.*\n.)/, 'mallory@compan'))
    truncateSync(path, text.lastIndexOf('\n', text.length - 2) + 1)
    await expect(openAuditLog({ path, clock })).rejects.toThrow('ends at record 2, but 3 were written')
  })

  it('takes no event once it is closed', async () => {
    const log = await openAuditLog({ path: join(temporaryFolder(), 'audit.jsonl'), clock })
    await log.close()
    await expect(log.append(aliceDeletes)).rejects.toThrow('the audit log is closed')
  })

  it('keeps one record on one line and no token in any, whatever the claims hold', async () => {
    const token = `eyJhbGciOiJSUzI1NiJ9.${'e'.repeat(40)}.${'s'.repeat(40)}`
    const name = `A\r\n\u2028\u001b[31m${String.fromCharCode(0xd800)} B`
    const path = await logOf(1, () => ({ name, reason: `Bearer ${token}` }))
    const text = readFileSync(path, 'utf8')
    expect(text.split(/[\p{Cc}\p{Zl}\p{Zp}]/u)).toHaveLength(2)
    expect(text).not.toContain(token)
    expect(await verifyAuditLog(path)).toMatchObject({ intact: true })
  })
})

describe('a query', () => {
  const people = ['alice', 'anna', 'bob']
  const change = (index: number): Partial<AuditEvent> => ({
    subject: people[index % 3] ?? '',
    email: `${people[index % 3]}@company.com`,
    outcome: index % 2 === 0 ? 'allowed' : 'refused',
  })
  const sequences = async (path: string, query: Parameters<typeof queryAuditLog>[1]) =>
    (await queryAuditLog(path, query)).map(({ sequence }) => sequence)

  it('gives the newest records, the oldest of them first', async () => {
    const path = await logOf(5000, change)
    expect(await sequences(path, { limit: 3 })).toEqual([4998, 4999, 5000])
    expect(await sequences(path, { limit: 2, subject: 'alice' })).toEqual([4996, 4999])
    expect(await sequences(path, { limit: 2, subject: 'alice', outcome: 'refused' })).toEqual([4990, 4996])
    expect(await sequences(path, { limit: 1, text: 'ANNA@company.com (Engineering) was refused' })).toEqual([5000])
    expect(await sequences(path, { subject: 'nobody' })).toEqual([])
  })

  it('gives what came after a record', async () => {
    const path = await logOf(5000, change)
    for (const after of [0, 1, 2499, 4998])
      expect(await sequences(path, { afterSequence: after, limit: 1 })).toEqual([after + 1])
    expect(await sequences(path, { afterSequence: 5000 })).toEqual([])
    expect(await sequences(path, { afterSequence: 9999 })).toEqual([])
    expect(await sequences(path, { afterSequence: 100, limit: 2, tool: 'delete_customer', subject: 'bob' })).toEqual([
      102, 105,
    ])
  })

  it('sees a log that is empty', async () => {
    expect(await sequences(await logOf(0), {})).toEqual([])
    expect(await sequences(await logOf(0), { afterSequence: 0 })).toEqual([])
  })
})
