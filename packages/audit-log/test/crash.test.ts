import { fork } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { queryAuditLog, verifyAuditLog } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

const child = fileURLToPath(new URL('./crash-child.ts', import.meta.url))
/** `AUDIT_CRASHES=100` for the long run. */
const crashes = Number(process.env.AUDIT_CRASHES ?? 5)

/** Starts a writer, kills it after so many answers, and returns the answers and how it began. */
function killAfter(answers: number, path: string, keyFile: string) {
  return new Promise<{ opened: number; tornBytes: number; answered: Map<number, string> }>((resolve, reject) => {
    const writer = fork(child, [path, keyFile], { execArgv: [] })
    const answered = new Map<number, string>()
    let start = { opened: -1, tornBytes: -1 }
    writer.on('message', (message: { opened?: number; tornBytes?: number; sequence?: number; hash?: string }) => {
      const { opened, tornBytes, sequence, hash } = message
      if (opened !== undefined) start = { opened, tornBytes: tornBytes ?? 0 }
      if (sequence !== undefined && hash !== undefined) answered.set(sequence, hash)
      if (answered.size >= answers) writer.kill('SIGKILL')
    })
    writer.on('error', reject)
    writer.on('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve({ ...start, answered })
      else reject(new Error(`the writer ended by itself: ${code}`))
    })
  })
}

it.each(['audit.db', 'audit.jsonl'])(
  `misses no answered record of %s after ${crashes} times kill -9 under load`,
  async (name) => {
    const folder = temporaryFolder()
    const path = join(folder, name)
    const keyFile = join(folder, 'key.pem')
    let newest = 0
    for (let crash = 0; crash < crashes; crash++) {
      const { opened, answered } = await killAfter(1000 + crash * 13, path, keyFile)
      expect(opened).toBeGreaterThanOrEqual(newest)
      newest = Math.max(...answered.keys())
      const written = new Map<number, string>()
      for (let after = Math.min(...answered.keys()) - 1; written.size === 0 || after < newest; ) {
        const records = await queryAuditLog(path, { afterSequence: after, limit: 1000 })
        for (const { sequence, hash } of records) written.set(sequence, hash)
        after = records.at(-1)?.sequence ?? newest
      }
      for (const [sequence, hash] of answered) expect(written.get(sequence)).toBe(hash)
    }
    const { opened } = await killAfter(1, path, keyFile)
    expect(opened).toBeGreaterThanOrEqual(newest)
    const result = await verifyAuditLog(path)
    // Only the very last line may be unfinished, until the next writer removes it.
    if (!result.intact) expect(result.problem).toBe('the last record is unfinished')
  },
  crashes * 30_000,
)
