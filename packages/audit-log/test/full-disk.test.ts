import { execFileSync, fork, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { queryAuditLog } from '../src/index.ts'
import { neededInCi } from './needed-in-ci.ts'
import { temporaryFolder } from './temporary-folder.ts'

interface Report {
  refused?: number
  answered?: number
  sequence?: number
  hashes?: string[]
  verification?: unknown
}

const child = fileURLToPath(new URL('./full-disk-child.ts', import.meta.url))
const hasLimits = neededInCi(spawnSync('prlimit', ['--version']).status === 0, 'prlimit of util-linux')

// A limit on the size of files stands for a full disk: writes beyond it fail, until it is lifted.
describe.runIf(hasLimits).each(['audit.db', 'audit.jsonl'])('a disk that is full under %s', (name) => {
  it('refuses, loses nothing that was answered, and goes on by itself when there is room', async () => {
    const path = join(temporaryFolder(), name)
    const writer = fork(child, [path], { execArgv: [] })
    onTestFinished(() => void writer.kill('SIGKILL'))
    const limit = (bytes: string) => execFileSync('prlimit', ['--pid', String(writer.pid), `--fsize=${bytes}:`])
    let phase: 'before' | 'full' | 'freed' = 'before'
    let waves = 0
    const end = await new Promise<Report>((resolve, reject) => {
      writer.on('error', reject)
      writer.on('exit', (code) => code !== 0 && reject(new Error(`the writer ended with ${code}`)))
      writer.on('message', (report: Report) => {
        if (report.verification !== undefined) return resolve(report)
        const { refused = 0, answered = 0 } = report
        if (phase === 'before' && ++waves === 5) {
          limit('65536')
          phase = 'full'
          waves = 0
        } else if (phase === 'full' && refused === 20 && ++waves === 5) {
          limit('unlimited')
          phase = 'freed'
          waves = 0
        } else if (phase === 'freed' && answered === 20 && ++waves === 5) {
          writer.send('stop')
        }
      })
    })
    expect(end.verification).toMatchObject({ intact: true, records: end.sequence })
    const written = new Set<string>()
    for (let after = 0; after < (end.sequence ?? 0); ) {
      const records = await queryAuditLog(path, { afterSequence: after, limit: 1000 })
      for (const { hash } of records) written.add(hash)
      after = records.at(-1)?.sequence ?? Number.POSITIVE_INFINITY
    }
    expect(end.hashes?.filter((hash) => !written.has(hash))).toEqual([])
    expect(end.hashes?.length).toBeGreaterThanOrEqual(200)
  })
})
