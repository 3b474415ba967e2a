import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { AuditUnavailableError, openAuditLog, queryAuditLog, verifyAuditLog } from '../../src/index.ts'
import { aliceDeletes } from '../events.ts'

/**
 * Uses one log while every single operation on its files fails in turn, and prints what it saw as JSON. The library
 * that makes them fail is loaded before this process starts. With a signing key it uses checkpoints and tiles too.
 */
const [path = '', control = '', keyFile] = process.argv.slice(2)
const codes = { EIO: 5, ENOSPC: 28 }
const problems: string[] = []
let runs = 0
let refusals = 0
let unsigned = 0

const log = await openAuditLog({
  path,
  ...(keyFile && { signingKeyFile: keyFile, checkpointIntervalMs: 2 ** 31 - 1 }),
})
const answered: string[] = []

async function wave(count: number, reason = 'x'.repeat(3000)): Promise<number> {
  const events = Array.from({ length: count }, () => log.append({ ...aliceDeletes, reason }))
  let refused = 0
  for (const result of await Promise.allSettled(events)) {
    if (result.status === 'fulfilled') answered.push(result.value.hash)
    else if (result.reason instanceof AuditUnavailableError) refused += 1
    else problems.push(String(result.reason))
  }
  return refused
}

/** Three commits, with a checkpoint of SQLite's log among them now and then; with a key, signed after the last two. */
async function use(): Promise<number> {
  return (await wave(2)) + (await wave(5)) + (await sign()) + (await wave(2)) + (await sign())
}

/** Signs what is written now. A note that was handed out is the one on disk, and no failure is hidden. */
async function sign(): Promise<0> {
  if (keyFile === undefined) return 0
  const size = log.sequence
  const note = await log.checkpoint().catch(() => undefined)
  if (note === undefined) unsigned += 1
  else if (note !== readFileSync(`${path}.tiles/checkpoint`, 'utf8') || note.split('\n')[1] !== String(size))
    problems.push(`the checkpoint of ${size} records is not on disk`)
  return 0
}

/** Leaves room for a few records in the last tile, so that the next use fills it. */
async function fillTile(): Promise<void> {
  if (keyFile !== undefined) await wave((252 - (log.sequence % 256) + 256) % 256, '')
}

/** Everything works: records are taken, and with a key they are signed. */
async function works(): Promise<boolean> {
  const before = unsigned
  return (await wave(1)) + (await sign()) === 0 && unsigned === before
}

await fillTile()
writeFileSync(control, 'count')
await use()
if (keyFile === undefined) await use()
writeFileSync(control, 'off')
await works()
const [counted = ''] = readFileSync(`${control}.log`, 'utf8').trim().split('\n').slice(-1)
const [writes = 0, syncs = 0, truncates = 0, renames = 0] = counted.split(' ').map(Number)
const operations = { write: writes, sync: syncs, truncate: Math.max(truncates, 2), rename: renames }

for (const [operation, count] of Object.entries(operations)) {
  for (let at = 0; at < count; at++) {
    for (const [name, code] of Object.entries(codes)) {
      for (const times of [1, 3]) {
        runs += 1
        await fillTile()
        writeFileSync(control, `${operation} ${at} ${times} ${code}`)
        refusals += await use()
        writeFileSync(control, `off ${runs}`)
        if (!(await works())) problems.push(`${name} at ${operation} ${at}, ${times} times: it does not work again`)
      }
    }
  }
}
const records = log.sequence
// What was answered must be in the log as another process would find it now, the writer being killed.
const found = new Set<string>()
for (let after = 0; after < records; ) {
  const page = await queryAuditLog(path, { afterSequence: after, limit: 1000 })
  for (const { hash } of page) found.add(hash)
  after = page.at(-1)?.sequence ?? records
}
const missing = answered.filter((hash) => !found.has(hash)).length
await log.close()
appendFileSync(control, '')
const verification = await verifyAuditLog(path)
console.log(
  JSON.stringify({
    operations,
    runs,
    refusals,
    unsigned,
    answered: answered.length,
    missing,
    records,
    problems,
    verification,
  }),
)
