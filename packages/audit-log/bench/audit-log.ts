import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { hasPostgresServer, startPostgresServer } from '@mcp-identity/test-kit'
import { createGroupCommit } from '../src/group-commit.ts'
import { type AuditEvent, openAuditLog, verifyAuditLog } from '../src/index.ts'
import { proveRecord } from '../src/record-proof.ts'

const help = `Usage: pnpm --filter @mcp-identity/audit-log bench [--rounds N] [--seconds N] [--records N] [--folder FOLDER]

Appends of 100 callers to each store, beside plain group commit and one fdatasync each; then verifying and proving.

  --rounds N       of each store, in turns. Default 5
  --seconds N      each store in a round. Default 2
  --records N      that are verified. Default 1,000,000
  --folder FOLDER  on the disk that is measured. Default: the system's for temporary files
  --help           show this`

const options = {
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '2' },
  records: { type: 'string', default: '1000000' },
  folder: { type: 'string', default: tmpdir() },
  help: { type: 'boolean' },
} as const
const { rounds, secondsEach, records, place } = readArguments()
const folder = mkdtempSync(join(place, 'audit-bench-'))
const callers = 100

function readArguments() {
  try {
    const { values } = parseArgs({ options })
    if (values.help === true) {
      console.log(help)
      process.exit()
    }
    const [rounds = 0, secondsEach = 0, records = 0] = [values.rounds, values.seconds, values.records].map(Number)
    if (!(rounds > 0 && secondsEach > 0 && records > 0)) throw new RangeError('numbers must be positive')
    return { rounds, secondsEach, records, place: values.folder }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`)
    process.exit(2)
  }
}

function event(index: number): AuditEvent {
  return {
    time: '2026-11-23T17:00:00.000Z',
    requestId: `0192c7a0-0000-7000-8000-${String(index).padStart(12, '0')}`,
    phase: 'decision',
    action: 'tools/call',
    tool: 'delete_customer',
    outcome: 'allowed',
    issuer: 'https://sso.company.com/realms/company',
    subject: 'f3b1a6de-7f0b-4f6e-9d0a-1f7b1d2c3e4f',
    clientId: 'mcp-cli',
    tokenId: `trrtcc:${index}`,
    callerKind: 'person',
    email: 'alice@company.com',
    name: 'Alice Adams',
    department: 'Engineering',
    argumentsDigest: 'sha256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
    policies: ['customer-admins-manage-customers'],
  }
}

type Append = (event: AuditEvent) => Promise<unknown>

interface Rate {
  perSecond: number
  /** Of all threads, in microseconds a record: what a busy machine cannot change much. */
  cpu: number
}

/** Records each second while so many callers wait for each of theirs. */
async function rateOf(append: Append): Promise<Rate> {
  const cpuBefore = process.cpuUsage()
  const end = performance.now() + secondsEach * 1000
  const start = performance.now()
  let done = 0
  const caller = async () => {
    while (performance.now() < end) {
      await append(event(done))
      done += 1
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const { user, system } = process.cpuUsage(cpuBefore)
  return { perSecond: done / ((performance.now() - start) / 1000), cpu: (user + system) / done }
}

/** The peer: the same group commit, one group at a time, which is its best, of lines that nothing joins. */
async function plainLines(name: string): Promise<{ append: Append; close: () => Promise<void> }> {
  const file = await open(join(folder, name), 'a')
  const commit = async (lines: readonly string[]) => {
    await file.write(lines.join(''))
    await file.datasync()
    return [...lines]
  }
  const prepare = (each: AuditEvent) => `${JSON.stringify(each)}\n`
  const limits = { items: 2000, groups: 1, waiting: 20_000, overload: () => new Error('overload') } as const
  const group = createGroupCommit<AuditEvent, string, string>({ prepare, commit }, limits)
  return { append: group.add, close: () => file.close() }
}

async function syncEach(): Promise<number> {
  const file = await open(join(folder, 'each.jsonl'), 'a')
  const end = performance.now() + secondsEach * 250
  const start = performance.now()
  let done = 0
  while (performance.now() < end) {
    await file.write(`${JSON.stringify(event(done))}\n`)
    await file.datasync()
    done += 1
  }
  await file.close()
  return done / ((performance.now() - start) / 1000)
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const whole = (value: number) => Math.round(value).toLocaleString('en')

interface Store {
  name: string
  file: string
  signed: boolean
}

const postgres = hasPostgresServer() ? startPostgresServer() : undefined
/** A file in the folder; without a name, a new database. */
const placeOf = (file: string) => (file === '' ? (postgres?.newDatabase() ?? '') : join(folder, file))
const tileFolderOf = (name: string) => join(folder, `${name}.tiles`)

const stores: readonly Store[] = [
  { name: 'SQLite, chained', file: 'chained.db', signed: false },
  { name: 'SQLite, chained and signed', file: 'signed.db', signed: true },
  { name: 'JSON lines, chained', file: 'chained.jsonl', signed: false },
  { name: 'JSON lines, chained and signed', file: 'signed.jsonl', signed: true },
  ...(postgres === undefined ? [] : [{ name: 'PostgreSQL, chained and signed', file: '', signed: true }]),
]

/** Each store beside plain lines, in turns, so that a slow moment of the disk meets both. */
async function appends(): Promise<void> {
  const found = new Map(
    stores.map(({ name }) => [
      name,
      {
        ratios: [] as number[],
        multiples: [] as number[],
        rates: [] as number[],
        cpu: [] as number[],
        plainCpu: [] as number[],
      },
    ]),
  )
  for (let round = 0; round < rounds; round++) {
    for (const { name, file, signed } of stores) {
      const plain = await plainLines(`plain-${round}-${file}`)
      const path = placeOf(file && `${round}-${file}`)
      const signing = { signingKeyFile: join(folder, 'key.pem'), tileFolder: tileFolderOf(`${round}-${name}`) }
      const log = await openAuditLog(signed ? { path, ...signing } : { path })
      const before = await rateOf(plain.append)
      const ours = await rateOf(log.append)
      // The last checkpoint is made here, not while plain lines are measured.
      await log.close()
      const after = await rateOf(plain.append)
      const each = await syncEach()
      await plain.close()
      const of = found.get(name)
      of?.ratios.push(ours.perSecond / ((before.perSecond + after.perSecond) / 2))
      of?.multiples.push(ours.perSecond / each)
      of?.rates.push(ours.perSecond)
      of?.cpu.push(ours.cpu)
      of?.plainCpu.push(before.cpu, after.cpu)
    }
  }
  for (const [name, { ratios, multiples, rates, cpu, plainCpu }] of found) {
    const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`
    console.log(
      `${name.padEnd(32)} ${whole(median(rates)).padStart(8)}/s  ${median(ratios).toFixed(2)} x plain group commit (${spread}), ${median(multiples).toFixed(0)} x one fdatasync each; CPU ${median(cpu).toFixed(1)} us a record, plain ${median(plainCpu).toFixed(1)}`,
    )
  }
}

async function verification(records: number, name: string, file: string): Promise<void> {
  const path = placeOf(file)
  const tileFolder = tileFolderOf(`million-${name}`)
  const log = await openAuditLog({ path, tileFolder, signingKeyFile: join(folder, 'key.pem') })
  /** Memory at a tenth, when buffers and code have come to their size, and at the end. */
  const memory: number[] = []
  const begun = performance.now()
  for (let first = 0; first < records; first += 10_000) {
    await Promise.all(
      Array.from({ length: Math.min(10_000, records - first) }, (_, index) => log.append(event(first + index))),
    )
    memory.push(process.memoryUsage().rss / 1e6)
  }
  await log.close()
  const writing = (performance.now() - begun) / 1000
  const tenth = memory[Math.floor(memory.length / 10)] ?? Number.NaN
  const rssBefore = process.memoryUsage().rss / 1e6
  const start = performance.now()
  const cpuBefore = process.cpuUsage()
  const result = await verifyAuditLog(path, { tileFolder })
  const cpu = process.cpuUsage(cpuBefore)
  const seconds = (performance.now() - start) / 1000
  const rssAfter = process.memoryUsage().rss / 1e6
  if (!result.intact || result.checkpointSize !== records) throw new Error(JSON.stringify(result))
  const proofs: number[] = []
  for (let index = 0; index < 200; index++) {
    const begun = performance.now()
    await proveRecord(tileFolder, 1 + Math.floor((index / 200) * records))
    proofs.push(performance.now() - begun)
  }
  const mega = (value: number) => `${value.toFixed(0)} MB`
  console.log(
    `${name.padEnd(12)} ${whole(records)} records written in ${writing.toFixed(0)} s, verified in ${seconds.toFixed(1)} s (CPU ${((cpu.user + cpu.system) / 1e6).toFixed(1)} s); memory ${mega(tenth)} after a tenth, ${mega(memory.at(-1) ?? Number.NaN)} after all, ${mega(rssBefore)} before and ${mega(rssAfter)} after verifying; one proof ${median(proofs).toFixed(2)} ms`,
  )
}

try {
  console.log(`${callers} callers, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`)
  await appends()
  await verification(records, 'SQLite', 'million.db')
  await verification(records, 'JSON lines', 'million.jsonl')
  if (postgres !== undefined) await verification(records, 'PostgreSQL', '')
} finally {
  postgres?.stop()
  rmSync(folder, { recursive: true, force: true })
}
