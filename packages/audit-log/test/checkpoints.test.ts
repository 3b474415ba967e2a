import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openAuditLog, proveRecord, verifyAuditLog, verifyRecordProof } from '../src/index.ts'
import { aliceDeletes } from './events.ts'
import { neededInCi } from './needed-in-ci.ts'
import { rehash } from './rehash.ts'
import { temporaryFolder } from './temporary-folder.ts'

async function signedLog(events: number, path = join(temporaryFolder(), 'audit.jsonl')): Promise<string> {
  const log = await openAuditLog({ path, signingKeyFile: join(dirname(path), 'key.pem') })
  for (let first = 0; first < events; first += 10_000) {
    const indexes = Array.from({ length: Math.min(10_000, events - first) }, (_, index) => first + index)
    await Promise.all(indexes.map((index) => log.append({ ...aliceDeletes, requestId: `req-${index}` })))
  }
  await log.close()
  return path
}

const keyOf = (path: string) => readFileSync(`${path}.tiles/key`, 'utf8')
const checkpointOf = (path: string) => readFileSync(`${path}.tiles/checkpoint`, 'utf8')
const edit = (path: string, change: (lines: string[]) => string[]) => {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  writeFileSync(path, `${change(lines).join('\n')}\n`)
}

describe('a checkpoint', () => {
  it.each([1, 2, 255, 256, 257, 600])('is made of %i records when the log is closed, and is verified', async (size) => {
    const path = await signedLog(size)
    expect(checkpointOf(path)).toMatch(new RegExp(`^mcp-identity/audit\n${size}\n`))
    expect(await verifyAuditLog(path, { verifierKey: keyOf(path) })).toMatchObject({
      intact: true,
      checkpointSize: size,
    })
  })

  it('grows with the log, over restarts', async () => {
    const path = await signedLog(200)
    const early = checkpointOf(path)
    await signedLog(300, path)
    await signedLog(0, path)
    await signedLog(1, path)
    const result = await verifyAuditLog(path, { verifierKey: keyOf(path), checkpoints: [early] })
    expect(result).toMatchObject({ intact: true, records: 501, checkpointSize: 501 })
  })

  it('is made on demand, for keeping elsewhere', async () => {
    const path = join(temporaryFolder(), 'audit.jsonl')
    const log = await openAuditLog({ path, signingKeyFile: join(dirname(path), 'key.pem') })
    await log.append(aliceDeletes)
    expect(await log.checkpoint()).toMatch(/^mcp-identity\/audit\n1\n/)
    await log.close()
  })

  it('keeps the signing key to its owner', async () => {
    const path = await signedLog(1)
    expect(statSync(join(dirname(path), 'key.pem')).mode & 0o777).toBe(0o600)
  })

  it('tells of a log that was rewritten in a consistent way, and of the first record that was', async () => {
    const path = await signedLog(600)
    edit(path, (lines) => rehash(lines, 299, (line) => line.replace('alice@company.com', 'mallory@company.com')))
    rmSync(`${path}.head`)
    expect(await verifyAuditLog(path)).toMatchObject({ intact: false, firstBadSequence: 300 })
  })

  it('tells of a cut that was hidden, because the log must lead to it', async () => {
    const path = await signedLog(600)
    edit(path, (lines) => lines.slice(0, 500))
    rmSync(`${path}.head`)
    expect(await verifyAuditLog(path)).toMatchObject({ intact: false, firstBadSequence: 501 })
    await expect(openAuditLog({ path })).rejects.toThrow('ends at record 500, but 600 were written')
  })

  it('kept elsewhere, tells of a whole other log with everything beside it', async () => {
    const path = await signedLog(10)
    const options = { verifierKey: keyOf(path), checkpoints: [checkpointOf(path)] }
    const other = await signedLog(10)
    for (const part of ['', '.head', '.tiles']) cpSync(`${other}${part}`, `${path}${part}`, { recursive: true })
    expect(await verifyAuditLog(path, options)).toMatchObject({
      intact: false,
      problem: expect.stringContaining('cannot be trusted'),
    })
    rmSync(`${path}.tiles`, { recursive: true })
    expect(await verifyAuditLog(path, options)).toMatchObject({ intact: false, firstBadSequence: 1 })
  })

  it('must be there when its key is known', async () => {
    const path = await signedLog(10)
    const verifierKey = keyOf(path)
    rmSync(`${path}.tiles`, { recursive: true })
    expect(await verifyAuditLog(path, { verifierKey })).toMatchObject({
      intact: false,
      problem: 'there is no checkpoint',
    })
    expect(await verifyAuditLog(path)).toEqual(expect.objectContaining({ intact: true }))
  })

  it('shows a fork: two continuations of one log cannot both lead to it', async () => {
    const path = await signedLog(10)
    const fork = join(temporaryFolder(), 'audit.jsonl')
    for (const part of ['', '.head', '.tiles']) cpSync(`${path}${part}`, `${fork}${part}`, { recursive: true })
    cpSync(join(dirname(path), 'key.pem'), join(dirname(fork), 'key.pem'))
    await signedLog(2, path)
    await signedLog(5, fork)
    expect(await verifyAuditLog(fork, { checkpoints: [checkpointOf(path)] })).toMatchObject({ intact: false })
    expect(await verifyAuditLog(fork)).toMatchObject({ intact: true })
  })
})

describe('a checkpoint after a tile that could not be written', () => {
  it('is of the whole log, tile included, once the tile can be', async () => {
    const path = join(temporaryFolder(), 'audit.jsonl')
    const inTheWay = join(`${path}.tiles`, 'tile/0/000.new')
    mkdirSync(inTheWay, { recursive: true })
    const log = await openAuditLog({
      path,
      signingKeyFile: join(dirname(path), 'key.pem'),
      checkpointIntervalMs: 3_600_000,
    })
    await Promise.all(Array.from({ length: 300 }, () => log.append(aliceDeletes)))
    await expect(log.checkpoint()).rejects.toThrow('000.new')
    rmSync(inTheWay, { recursive: true })
    await log.append(aliceDeletes)
    await log.close()
    expect(await verifyAuditLog(path, { verifierKey: keyOf(path) })).toMatchObject({
      intact: true,
      checkpointSize: 301,
    })
    expect(statSync(join(`${path}.tiles`, 'tile/0/000')).size).toBe(256 * 32)
  })
})

describe('a proof of one record', () => {
  it('leads from the record to the signed root, for every record', async () => {
    const path = await signedLog(600)
    const checkpoint = checkpointOf(path)
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    for (const sequence of [1, 2, 255, 256, 257, 512, 513, 599, 600]) {
      const line = lines[sequence - 1] ?? ''
      const proof = await proveRecord(`${path}.tiles`, sequence)
      expect(proof.reduce((bytes, hash) => bytes + hash.length, 0)).toBeLessThan(1024)
      const claim = { line, proof, checkpoint, verifierKey: keyOf(path) }
      expect(verifyRecordProof(claim)).toMatchObject({ sequence, event: { requestId: `req-${sequence - 1}` } })
      expect(() => verifyRecordProof({ ...claim, line: line.replace('Alice', 'Alicia') })).toThrow('hash')
      expect(() => verifyRecordProof({ ...claim, line: lines[sequence % 600] ?? '' })).toThrow('not in the log')
    }
  })
})

const verifier = fileURLToPath(new URL('./independent-verifier', import.meta.url))
const binary = join(verifier, '.built', 'verifier')

function buildVerifier(): boolean {
  try {
    mkdirSync(dirname(binary), { recursive: true })
    execFileSync('go', ['build', '-o', binary, '.'], { cwd: verifier, stdio: 'pipe', timeout: 120_000 })
    return existsSync(binary)
  } catch {
    return false
  }
}

describe.runIf(neededInCi(buildVerifier(), 'Go 1.25 or newer'))(
  'the independent verifier (Go, golang.org/x/mod/sumdb)',
  () => {
    const verify = (path: string) => spawnSync(binary, [path], { encoding: 'utf8' }).stdout

    it.each([1, 255, 256, 257, 1000, 66_000])(
      'agrees on a log of %i records',
      async (size) => {
        const path = await signedLog(size)
        const root = Buffer.from(checkpointOf(path).split('\n')[2] ?? '', 'base64').toString('hex')
        expect(verify(path)).toBe(`${size} records under ${root}\n`)
      },
      60_000,
    )

    it('agrees on a record that was rewritten', async () => {
      const path = await signedLog(600)
      edit(path, (lines) => rehash(lines, 299, (line) => line.replace('alice', 'carol')))
      expect(verify(path)).toBe('record 300 is not the one in the tree\n')
    })
  },
)
