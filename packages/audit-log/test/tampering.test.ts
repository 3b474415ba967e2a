import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openAuditLog, verifyAuditLog } from '../src/index.ts'
import { aliceDeletes } from './events.ts'
import { rehash } from './rehash.ts'
import { temporaryFolder } from './temporary-folder.ts'

const records = 60

async function intactLog(folder: string): Promise<string> {
  const path = join(folder, 'audit.jsonl')
  const log = await openAuditLog({ path, signingKeyFile: join(folder, 'key.pem') })
  for (let index = 0; index < records; index++) {
    await log.append({ ...aliceDeletes, requestId: `req-${index}`, name: index % 7 === 0 ? 'Zoë 李' : 'Alice' })
  }
  await log.close()
  return path
}

/** A change to the log's text, and the first record that it harms. */
type Mutation = { text: Buffer; firstBad: number; hidesHead: boolean }
type Mutate = (text: Buffer, at: number, other: number, random: number) => Mutation

const linesOf = (text: Buffer) => text.toString('latin1').split('\n').slice(0, -1)
const textOf = (lines: string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1')
const lineAt = (text: Buffer, offset: number) => text.subarray(0, offset).filter((byte) => byte === 10).length + 1

const mutations: Readonly<Record<string, Mutate>> = {
  'flips bits of a byte': (text, _at, _other, random) => {
    const offset = random % text.length
    const changed = Buffer.from(text)
    changed[offset] = (changed[offset] ?? 0) ^ ((random % 255) + 1)
    return { text: changed, firstBad: lineAt(text, offset), hidesHead: false }
  },
  'cuts the end': (text, _at, _other, random) => {
    const size = random % text.length
    return { text: text.subarray(0, size), firstBad: lineAt(text, size), hidesHead: random % 2 === 0 }
  },
  'deletes records': (text, at) => {
    const lines = linesOf(text)
    return { text: textOf(lines.toSpliced(at, 1)), firstBad: at + 1, hidesHead: false }
  },
  'inserts a copy of a record': (text, at, other) => {
    const lines = linesOf(text)
    return {
      text: textOf(lines.toSpliced(at, 0, lines[other] ?? '')),
      firstBad: at === other ? at + 2 : at + 1,
      hidesHead: false,
    }
  },
  'swaps two records': (text, at, other) => {
    const lines = linesOf(text)
    const [first, last] = [Math.min(at, other), Math.max(at, other)]
    const swapped = lines.with(first, lines[last] ?? '').with(last, lines[first] ?? '')
    return { text: textOf(swapped), firstBad: first + 1, hidesHead: false }
  },
  'inserts bytes': (text, _at, _other, random) => {
    const offset = random % (text.length + 1)
    const bytes = Buffer.from(random % 3 === 0 ? '\n' : 'x')
    return {
      text: Buffer.concat([text.subarray(0, offset), bytes, text.subarray(offset)]),
      firstBad: lineAt(text, offset),
      hidesHead: false,
    }
  },
  'rewrites from a record on, with right hashes': (text, at) => {
    const forged = rehash(text.toString('utf8').split('\n').slice(0, -1), at, (line) =>
      line.replace('"tool":"delete_customer"', '"tool":"get_customer"'),
    )
    return { text: Buffer.from(forged.map((line) => `${line}\n`).join('')), firstBad: at + 1, hidesHead: true }
  },
}

it('finds 1,000 of 1,000 random changes and names the first bad record', async () => {
  const folder = temporaryFolder()
  const path = await intactLog(folder)
  const text = readFileSync(path)
  const head = readFileSync(`${path}.head`)
  const index = fc.integer({ min: 0, max: records - 1 })
  const cases = fc.tuple(fc.constantFrom(...Object.keys(mutations)), index, index, fc.nat())
  let found = 0
  for (const [name, at, other, random] of fc.sample(cases, { numRuns: 1000, seed: 20261123 })) {
    const last = name === 'swaps two records' && at === other ? (other + 1) % records : other
    const { text: changed, firstBad, hidesHead } = mutations[name]?.(text, at, last, random) ?? expect.fail(name)
    writeFileSync(path, changed)
    if (hidesHead) rmSync(`${path}.head`)
    expect(await verifyAuditLog(path), `${name} ${at} ${last} ${random}`).toMatchObject({
      intact: false,
      firstBadSequence: firstBad,
    })
    if (hidesHead) writeFileSync(`${path}.head`, head)
    found += 1
  }
  expect(found).toBe(1000)
}, 60_000)

it('raises no alarm over 100 intact logs', async () => {
  const folder = temporaryFolder()
  const path = await intactLog(folder)
  const grown = join(folder, 'grown.jsonl')
  for (const part of ['', '.head', '.tiles']) cpSync(`${path}${part}`, `${grown}${part}`, { recursive: true })
  for (let round = 0; round < 100; round++) {
    const log = await openAuditLog({ path: grown })
    await log.append({ ...aliceDeletes, reason: `round ${round} \u2028 \u{1f600} ${'x'.repeat(round * 10)}` })
    await log.close()
    expect(await verifyAuditLog(grown)).toMatchObject({
      intact: true,
      records: records + round + 1,
      checkpointSize: records,
    })
  }
}, 60_000)
