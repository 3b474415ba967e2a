import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAuditLog } from '../src/audit-log.ts'
import {
  type AuditEvent,
  type AuditLog,
  humanLine,
  openAuditLog,
  openPersonalDataVault,
  queryAuditLog,
  verifyAuditLog,
} from '../src/index.ts'
import { openLinesStore } from '../src/lines-store.ts'
import { aliceDeletes } from './events.ts'
import { temporaryFolder } from './temporary-folder.ts'

const alice = { issuer: aliceDeletes.issuer ?? '', subject: aliceDeletes.subject ?? '' }
const carol = { ...aliceDeletes, subject: 'carol', email: 'carol@company.com', name: 'Carol Clark' }

async function sealedLog() {
  const folder = temporaryFolder()
  const path = join(folder, 'audit.jsonl')
  const vaultFile = join(folder, 'keys.db')
  const personalData = openPersonalDataVault(vaultFile)
  const log: AuditLog = await openAuditLog({ path, personalData, signingKeyFile: join(folder, 'key.pem') })
  onTestFinished(async () => {
    await log.close()
    personalData.close()
  })
  return { path, vaultFile, personalData, log }
}

const lines = async (log: AuditLog) => (await log.query()).map(({ event }) => humanLine(event))

it('writes personal members encrypted, and reads them with the key', async () => {
  const { path, log } = await sealedLog()
  const record = await log.append({ ...aliceDeletes, readableArguments: { note: 'for Bob' } })
  expect(humanLine(record.event)).toBe('alice@company.com (Engineering) called delete_customer')
  expect(await lines(log)).toEqual(['alice@company.com (Engineering) called delete_customer'])
  expect(await log.query({ text: 'alice adams', subject: alice.subject })).toMatchObject([
    { event: { readableArguments: { note: 'for Bob' } } },
  ])
  const stored = readFileSync(path, 'utf8')
  for (const personal of ['alice@company.com', 'Alice Adams', 'for Bob']) expect(stored).not.toContain(personal)
  expect(humanLine((await queryAuditLog(path))[0]?.event ?? aliceDeletes)).toBe(
    '7f0c8f0e-alice (Engineering) called delete_customer',
  )
})

it('erases a person and leaves the others, the chain and the checkpoints', async () => {
  const { path, vaultFile, personalData, log } = await sealedLog()
  for (const event of [aliceDeletes, carol, aliceDeletes]) await log.append(event)
  const checkpoint = await log.checkpoint()
  expect(personalData.erase(alice)).toBe(1)
  expect(await lines(log)).toEqual([
    '7f0c8f0e-alice (Engineering) called delete_customer',
    'carol@company.com (Engineering) called delete_customer',
    '7f0c8f0e-alice (Engineering) called delete_customer',
  ])
  expect(await log.query({ text: 'alice@company' })).toEqual([])
  expect(await verifyAuditLog(path, { checkpoints: [checkpoint] })).toMatchObject({ intact: true, records: 3 })
  expect(personalData.erase(alice)).toBe(0)
  await log.append(aliceDeletes)
  expect((await lines(log)).at(-1)).toBe('alice@company.com (Engineering) called delete_customer')
  expect(statSync(vaultFile).mode & 0o077).toBe(0)
})

it('erases whole months, the current one excepted', async () => {
  const { personalData, log } = await sealedLog()
  for (const month of ['2025-12-31', '2026-01-01', '2026-02-01'])
    await log.append({ ...carol, time: `${month}T12:00:00.000Z` })
  expect(personalData.eraseBefore('2026-02-01T00:00:00Z')).toBe(2)
  expect((await lines(log)).map((line) => line.split(' ')[0])).toEqual(['carol', 'carol', 'carol@company.com'])
})

it('keeps no token under encryption either', async () => {
  const { log } = await sealedLog()
  await log.append({
    ...aliceDeletes,
    details: { message: `Bearer eyJhbGciOiJSUzI1NiJ9.${'e'.repeat(40)}.${'s'.repeat(40)}` },
  })
  expect(await log.query()).toMatchObject([{ event: { details: { message: 'Bearer [token removed]' } } }])
})

it('keeps one person apart from the same subject of another issuer', async () => {
  const { personalData, log } = await sealedLog()
  await log.append(aliceDeletes)
  expect(personalData.erase({ ...alice, issuer: 'https://other.example' })).toBe(0)
  expect(await lines(log)).toEqual(['alice@company.com (Engineering) called delete_customer'])
})

it('refuses the event, not the person, when the vault cannot be used', async () => {
  const { personalData, log } = await sealedLog()
  personalData.close()
  await expect(log.append(aliceDeletes)).rejects.toThrow('the audit log cannot be written')
  expect(await log.append({ phase: 'security', action: 'policies_reloaded', outcome: 'succeeded' })).toMatchObject({
    sequence: 1,
  })
})

it('does not lose its thread when a commit fails and what waits behind it cannot be encrypted any more', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'audit.jsonl')
  const personalData = openPersonalDataVault(join(folder, 'keys.db'))
  const store = await openLinesStore(path)
  let failing = false
  const faulty = {
    ...store,
    get head() {
      return store.head
    },
    append: async (lines: readonly string[], head: typeof store.head) => {
      await new Promise(setImmediate)
      if (failing) personalData.close()
      if (failing) throw new Error('no space left')
      await store.append(lines, head)
    },
  }
  const log = await createAuditLog(faulty, { path, personalData })
  await log.append(aliceDeletes)
  failing = true
  const first = log.append(aliceDeletes)
  await new Promise(setImmediate)
  const second = log.append(aliceDeletes)
  expect((await Promise.allSettled([first, second])).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  failing = false
  expect(await log.append({ phase: 'security', action: 'policies_reloaded', outcome: 'succeeded' })).toMatchObject({
    sequence: 2,
  })
  await log.close()
  expect(await verifyAuditLog(path)).toMatchObject({ intact: true, records: 2 })
})

it('leaves figures as they are, without a key', async () => {
  const { path, personalData, log } = await sealedLog()
  const received = { phase: 'security', action: 'revocation_received', outcome: 'succeeded', ...alice } as const
  await log.append({ ...received, details: { notBefore: 1_795_452_957, endedCalls: 0 } })
  expect(readFileSync(path, 'utf8')).toContain('"endedCalls":0')
  expect(personalData.keysOf(alice)).toBe(0)
  await log.append({ ...received, details: { endedCalls: 0, group: 'Data Analysts' } })
  expect(readFileSync(path, 'utf8')).not.toContain('Data Analysts')
})

describe('new keys', () => {
  it('of all who come at once are on the disk before a record of any of them is', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'audit.jsonl')
    const vaultFile = join(folder, 'keys.db')
    const personalData = openPersonalDataVault(vaultFile)
    const beside = openPersonalDataVault(vaultFile)
    onTestFinished(() => [personalData, beside].forEach((vault) => void vault.close()))
    const store = await openLinesStore(path)
    const kept: number[] = []
    const watched = Object.assign(Object.create(store), {
      append(...given: Parameters<typeof store.append>) {
        kept.push(beside.keysOf(alice) + beside.keysOf({ ...alice, subject: 'carol' }))
        return store.append(...given)
      },
    })
    const log = await createAuditLog(watched, { path, personalData })
    await Promise.all([aliceDeletes, carol, aliceDeletes].map((event) => log.append(event)))
    await log.close()
    expect(kept).toEqual([2])
  })

  it('that cannot be kept refuse what needs them, and are kept with what comes next', async () => {
    const { log, vaultFile, personalData } = await sealedLog()
    const database = new Database(vaultFile)
    onTestFinished(() => void database.close())
    database.exec(`CREATE TRIGGER full BEFORE INSERT ON key BEGIN SELECT RAISE(ABORT, 'disk full'); END`)
    await expect(log.append(aliceDeletes)).rejects.toThrow('cannot be written')
    expect(log.sequence).toBe(0)
    database.exec('DROP TRIGGER full')
    await log.append(aliceDeletes)
    expect(personalData.keysOf(alice)).toBe(1)
    expect(await lines(log)).toEqual(['alice@company.com (Engineering) called delete_customer'])
  })
})

describe('encrypting', () => {
  const sealed = () => {
    const vault = openPersonalDataVault(join(temporaryFolder(), 'keys.db'))
    onTestFinished(() => vault.close())
    const seal = (event: AuditEvent): string =>
      vault.seal({ ...event, time: '2026-11-28T10:00:00Z' }).sealed?.data ?? ''
    return { vault, seal }
  }
  const nonceOf = (data: string) => Buffer.from(data, 'base64url').toString('hex', 0, 12)

  it('is done once for the two records of a call, which say the same about a person', () => {
    const { seal } = sealed()
    const decision = seal(aliceDeletes)
    expect(seal({ ...aliceDeletes, phase: 'outcome', outcome: 'succeeded' })).toBe(decision)
  })

  it('never repeats a nonce for something else', () => {
    const { seal } = sealed()
    const notes = Array.from({ length: 1200 }, (_, note) => seal({ ...aliceDeletes, readableArguments: { note } }))
    expect(new Set(notes.map(nonceOf)).size).toBe(1200)
    expect(nonceOf(seal(carol))).not.toBe(nonceOf(seal({ ...carol, name: 'Carol Cole' })))
  })

  it('makes something new of the same words about another person, and after an erasure', () => {
    const { vault, seal } = sealed()
    const before = seal(aliceDeletes)
    expect(seal({ ...aliceDeletes, subject: 'carol' })).not.toBe(before)
    vault.erase(alice)
    expect(nonceOf(seal(aliceDeletes))).not.toBe(nonceOf(before))
  })
})
