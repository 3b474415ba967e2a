import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createAuditLog } from '../src/audit-log.ts'
import type { AuditStore } from '../src/audit-store.ts'
import { type AuditRecord, AuditUnavailableError, openAuditLog, verifyAuditLog } from '../src/index.ts'
import { openLinesStore } from '../src/lines-store.ts'
import { type LogFile, openLogFile } from '../src/log-file.ts'
import { aliceDeletes } from './events.ts'
import { temporaryFolder } from './temporary-folder.ts'

type Operation = 'write' | 'datasync' | 'truncate'
interface Fault {
  operation: Operation
  /** 0 for the first operation of this kind, counted over all files. */
  at: number
  /** How many in a row. */
  times: number
  code: 'ENOSPC' | 'EIO'
  /** A write that takes half of the bytes before it fails. */
  short: boolean
}

/** A file system that fails where it is told to, and then works again. */
function faultyFiles(fault: Fault | undefined) {
  const counts: Record<Operation, number> = { write: 0, datasync: 0, truncate: 0 }
  let active = false

  function fails(operation: Operation): boolean {
    if (!active) return false
    const count = counts[operation]++
    return fault?.operation === operation && count >= fault.at && count < fault.at + fault.times
  }
  const error = () => Object.assign(new Error(`${fault?.code}: injected`), { code: fault?.code })

  async function open(path: string): Promise<LogFile> {
    const file = await openLogFile(path)
    const write = async (buffer: Buffer, offset: number, length: number, position: number) => {
      if (!fails('write')) return file.write(buffer, offset, length, position)
      if (fault?.short === true) await file.write(buffer, offset, Math.ceil(length / 2), position)
      throw error()
    }
    return {
      write: write as LogFile['write'],
      read: file.read.bind(file) as LogFile['read'],
      stat: file.stat.bind(file) as LogFile['stat'],
      datasync: () => (fails('datasync') ? Promise.reject(error()) : file.datasync()),
      truncate: (length) => (fails('truncate') ? Promise.reject(error()) : file.truncate(length)),
      close: () => file.close(),
    }
  }
  const switchTo = (on: boolean) => {
    active = on
  }
  return { open, counts, switchTo }
}

/** Twelve events in four waves; what was answered and what was refused. */
async function useLog(fault: Fault | undefined) {
  const path = join(temporaryFolder(), 'audit.jsonl')
  const files = faultyFiles(fault)
  const log = await createAuditLog(await openLinesStore(path, files.open), { path })
  files.switchTo(true)
  const answered: AuditRecord[] = []
  const refused: unknown[] = []
  for (let wave = 0; wave < 4; wave++) {
    const events = [0, 1, 2].map((index) => log.append({ ...aliceDeletes, requestId: `req-${wave}-${index}` }))
    for (const result of await Promise.allSettled(events)) {
      if (result.status === 'fulfilled') answered.push(result.value)
      else refused.push(result.reason)
    }
  }
  files.switchTo(false)
  return { path, log, answered, refused, counts: files.counts }
}

/** How often a clean run does each; a repair after a failure may truncate twice. */
const operations: Readonly<Record<Operation, number>> = { write: 8, datasync: 4, truncate: 2 }
const places = (Object.keys(operations) as Operation[]).flatMap((operation) =>
  Array.from({ length: operations[operation] }, (_, at) => ({ operation, at })),
)
const faults: Fault[] = places.flatMap((place) => [
  { ...place, times: 1, code: 'EIO', short: false },
  { ...place, times: 1, code: 'ENOSPC', short: true },
  { ...place, times: 3, code: 'ENOSPC', short: true },
])

describe('an error of the file system', () => {
  it('is tried at every write and fdatasync of a run', async () => {
    const { log, counts } = await useLog(undefined)
    await log.close()
    // A head is skipped when a newer one is there already.
    expect(counts).toMatchObject({ datasync: operations.datasync, truncate: 0 })
    expect(counts.write).toBeGreaterThan(operations.datasync)
    expect(counts.write).toBeLessThanOrEqual(operations.write)
  })

  it.each(faults)(
    '$code at $operation $at, $times times, short: $short: no answer without its record',
    async (fault) => {
      const { path, log, answered, refused } = await useLog(fault)
      for (const reason of refused) expect(reason).toBeInstanceOf(AuditUnavailableError)
      expect(answered.length + refused.length).toBe(12)
      // What was answered is in the log while it is still open, as after a crash.
      const written = new Map((await log.query({ limit: 1000 })).map((record) => [record.hash, record]))
      for (const record of answered) expect(written.get(record.hash)).toEqual(record)
      // It works again by itself.
      const last = await log.append(aliceDeletes)
      await log.close()
      expect(await verifyAuditLog(path)).toMatchObject({ intact: true, records: last.sequence })
    },
  )

  it('at fdatasync leaves nothing of the refused records behind', async () => {
    const { path, log, answered, refused } = await useLog({
      operation: 'datasync',
      at: 0,
      times: 1,
      code: 'EIO',
      short: false,
    })
    expect([answered.length, refused.length]).toEqual([9, 3])
    await log.close()
    expect(await verifyAuditLog(path)).toMatchObject({ intact: true, records: 9 })
  })
})

/** So many that they are written as two groups, the second begun while the first is under way, where a store takes two. */
const twoGroups = 100
const takingTwo = (store: AuditStore): AuditStore => Object.assign(Object.create(store), { groupsAtOnce: 2 })

it('refuses what follows a group that failed, and writes what comes after both', async () => {
  const path = join(temporaryFolder(), 'audit.jsonl')
  const fault = { operation: 'datasync', at: 1, times: 1, code: 'EIO', short: false } as const
  const files = faultyFiles(fault)
  const log = await createAuditLog(takingTwo(await openLinesStore(path, files.open)), { path })
  files.switchTo(true)
  const appendMany = async () => {
    const results = await Promise.allSettled(Array.from({ length: twoGroups }, () => log.append(aliceDeletes)))
    return results.filter(({ status }) => status === 'fulfilled').length
  }
  const first = await log.append(aliceDeletes)
  expect(await appendMany()).toBe(0)
  expect(files.counts.datasync).toBe(2)
  expect(await appendMany()).toBe(twoGroups)
  await log.close()
  expect(await verifyAuditLog(path)).toMatchObject({ intact: true, records: first.sequence + twoGroups })
})

it('writes two groups in turns, in the order in which events came', async () => {
  const path = join(temporaryFolder(), 'audit.jsonl')
  const files = faultyFiles(undefined)
  const log = await createAuditLog(takingTwo(await openLinesStore(path, files.open)), { path })
  files.switchTo(true)
  const records = await Promise.all(
    Array.from({ length: twoGroups }, (_, index) => log.append({ ...aliceDeletes, requestId: `req-${index}` })),
  )
  expect(files.counts.datasync).toBe(2)
  expect(records.map(({ sequence, event }) => [sequence, event.requestId])).toEqual(
    records.map((_, index) => [index + 1, `req-${index}`]),
  )
  await log.close()
})

it('refuses events beyond what may wait, and takes them again later', async () => {
  const path = join(temporaryFolder(), 'audit.jsonl')
  const log = await openAuditLog({ path, maxWaiting: 10 })
  const results = await Promise.allSettled(Array.from({ length: 15 }, () => log.append(aliceDeletes)))
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(5)
  await log.append(aliceDeletes)
  await log.close()
  expect(await verifyAuditLog(path)).toMatchObject({ intact: true, records: 11 })
})

it('does not start on a head that is not one', async () => {
  const path = join(temporaryFolder(), 'audit.jsonl')
  await (await openAuditLog({ path })).close()
  writeFileSync(`${path}.head`, 'garbage')
  await expect(openAuditLog({ path })).rejects.toThrow('were written')
})
