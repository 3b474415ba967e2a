import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasPostgresServer, startPostgresServer } from '@mcp-identity/test-kit'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openAuditLog } from '../src/index.ts'

const command = fileURLToPath(new URL('../src/cli/verify.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'verify-command-'))
const log = join(folder, 'audit.jsonl')
const keyFile = join(`${log}.tiles`, 'key')
const emptyFile = join(folder, 'empty.db')
writeFileSync(emptyFile, '')

beforeAll(async () => {
  const opened = await openAuditLog({ path: log, signingKeyFile: join(folder, 'key.pem') })
  for (const outcome of ['allowed', 'refused'] as const)
    await opened.append({ phase: 'decision', action: 'tools/call', outcome })
  await opened.close()
})
afterAll(() => rmSync(folder, { recursive: true }))

function verify(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', command, ...args], {
    encoding: 'utf8',
  })
  return { status, text: stdout + stderr }
}

describe('audit:verify', () => {
  it('exits with 0 for an intact log, and says how much of it is signed', () => {
    expect(verify(log)).toEqual({ status: 0, text: expect.stringContaining('intact, 2 records (2 of them under') })
  })

  it('exits with 1 for a changed log, and names the record', () => {
    const changed = join(folder, 'changed.jsonl')
    writeFileSync(changed, readFileSync(log, 'utf8').replace('refused', 'allowed'))
    expect(verify(changed)).toEqual({ status: 1, text: expect.stringContaining('NOT intact. Record 2') })
  })

  it('verifies several logs, each by what lies beside it, and exits with 1 if one of them was changed', () => {
    const other = join(folder, 'other.jsonl')
    cpSync(log, other)
    expect(verify(log, other)).toEqual({
      status: 0,
      text: expect.stringMatching(/audit\.jsonl: intact.*2 of them under.*\n.*other\.jsonl: intact.*no checkpoint/),
    })
    writeFileSync(other, readFileSync(log, 'utf8').replace('refused', 'allowed'))
    expect(verify(other, log)).toEqual({
      status: 1,
      text: expect.stringMatching(/NOT intact.*\n.*audit\.jsonl: intact/),
    })
    const both = JSON.parse(verify(other, log, '--json').text)
    expect(both).toMatchObject([
      { log: other, intact: false, firstBadSequence: 2 },
      { log, intact: true, records: 2 },
    ])
  })

  it('says of a file that is no log that it may be the wrong one', () => {
    const garbage = join(folder, 'garbage.db')
    for (const text of ['not a log at all', 'Dear customer,\nnothing here is a record\n', '\0\x01\x02']) {
      writeFileSync(garbage, text)
      expect(verify(garbage)).toEqual({ status: 1, text: expect.stringMatching(/NOT intact.*is it the right one\?/s) })
    }
  })

  it('exits with 1 for a log that was emptied, as long as something beside it tells', () => {
    const emptied = join(folder, 'emptied.jsonl')
    for (const part of ['.head', '.tiles']) cpSync(`${log}${part}`, `${emptied}${part}`, { recursive: true })
    writeFileSync(emptied, '')
    expect(verify(emptied)).toEqual({ status: 1, text: expect.stringContaining('the log ends here, but 2 records') })
  })

  it('looks for checkpoints in the folder that is named', async () => {
    const elsewhere = join(folder, 'elsewhere')
    const moved = join(folder, 'moved.jsonl')
    cpSync(log, moved)
    cpSync(`${log}.tiles`, elsewhere, { recursive: true })
    expect(verify(moved)).toEqual({ status: 0, text: expect.stringContaining('no checkpoint') })
    expect(verify(moved, '--tiles', elsewhere)).toEqual({ status: 0, text: expect.stringContaining('2 of them under') })
    writeFileSync(moved, `${readFileSync(moved, 'utf8').split('\n')[0]}\n`)
    expect(verify(moved)).toEqual({ status: 0, text: expect.stringContaining('intact, 1 records') })
    expect(verify(moved, '--tiles', elsewhere)).toEqual({ status: 1, text: expect.stringContaining('Record 2') })
  })

  it.runIf(hasPostgresServer())('verifies a log in PostgreSQL with its tiles, and tells no password', async () => {
    const postgres = startPostgresServer()
    onTestFinished(() => postgres.stop())
    const place = postgres.newDatabase()
    const tileFolder = join(folder, 'audit.tiles')
    const opened = await openAuditLog({ path: place, tileFolder, signingKeyFile: join(folder, 'key.pem') })
    await opened.append({ phase: 'decision', action: 'tools/call', outcome: 'allowed' })
    await opened.close()
    expect(verify(place)).toEqual({ status: 0, text: expect.stringContaining('1 records (no checkpoint)') })
    const withPassword = new URL(place)
    withPassword.password = 'the-password'
    const { status, text } = verify(withPassword.href, '--tiles', tileFolder)
    expect({ status, text }).toEqual({ status: 0, text: expect.stringContaining('1 of them under') })
    expect(text).not.toContain('the-password')
  })

  it.each([
    ['a file that is empty', [emptyFile], 'is empty: no audit log was ever written to it'],
    ['a folder without a checkpoint', [log, '--tiles', folder], 'there is no checkpoint in'],
    ['no log', [], 'name an audit log'],
    ['a key for two logs', [log, log, '--key', 'abc'], 'are about one log'],
    ['a log that is not there', [join(folder, 'none.db')], 'none.db'],
    ['two keys for one log', [log, '--key', keyFile, '--key', keyFile], 'a log has one key'],
    ['a folder', [folder], 'is a folder; name the audit log in it'],
    ['a key that is none', [log, '--key', 'abc'], 'not a verifier key'],
    ['a checkpoint that is not there', [log, '--checkpoint', join(folder, 'none.txt')], 'cannot be read (ENOENT)'],
    ['an unknown option', [log, '--keys', 'x'], '--keys'],
  ])('exits with 2 for %s: that says nothing about the log', (_title, args, words) => {
    expect(verify(...args)).toEqual({ status: 2, text: expect.stringContaining(words) })
  })
})
