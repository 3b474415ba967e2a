import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { neededInCi } from './needed-in-ci.ts'
import { temporaryFolder } from './temporary-folder.ts'

const source = fileURLToPath(new URL('./faulty-disk/faulty-disk.c', import.meta.url))
const child = fileURLToPath(new URL('./faulty-disk/child.ts', import.meta.url))
const hasCompiler = neededInCi(
  process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0,
  'a C compiler on Linux',
)

// The operating system's own calls fail here, so SQLite's writes are reached as well.
describe.runIf(hasCompiler).each(['audit.db', 'audit.jsonl'])('a disk that fails under %s', (name) => {
  it('at every write, sync and truncate in turn: no answer without its record, and it works again by itself', () => {
    const folder = temporaryFolder()
    const library = join(folder, 'faulty-disk.so')
    const compiled = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl', '-lpthread'], {
      encoding: 'utf8',
    })
    expect(compiled.stderr).toBe('')
    const path = join(folder, name)
    const control = join(folder, 'control')
    const env = { ...process.env, LD_PRELOAD: library, FAULTY_FILES: path, FAULTY_CONTROL: control }
    const { stdout, stderr } = spawnSync(process.execPath, [child, path, control], { env, encoding: 'utf8' })
    expect(stderr).toBe('')
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({ problems: [], missing: 0, verification: { intact: true, records: result.records } })
    expect(result.operations.write).toBeGreaterThanOrEqual(6)
    expect(result.operations.sync).toBeGreaterThanOrEqual(6)
    expect(result.refusals).toBeGreaterThan(result.runs / 4)
  }, 300_000)
})
