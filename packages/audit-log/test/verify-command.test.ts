import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAuditLog } from '../src/index.ts'

const command = fileURLToPath(new URL('../src/cli/verify.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'verify-command-'))
const log = join(folder, 'audit.jsonl')

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

  it.each([
    ['no log', [], 'name one audit log'],
    ['a log that is not there', [join(folder, 'none.db')], 'none.db'],
    ['a folder', [folder], 'is a folder; name the audit log in it'],
    ['a key that is none', [log, '--key', 'abc'], 'not a verifier key'],
    ['a checkpoint that is not there', [log, '--checkpoint', join(folder, 'none.txt')], 'cannot be read (ENOENT)'],
    ['an unknown option', [log, '--keys', 'x'], '--keys'],
  ])('exits with 2 for %s: that says nothing about the log', (_title, args, words) => {
    expect(verify(...args)).toEqual({ status: 2, text: expect.stringContaining(words) })
  })
})
