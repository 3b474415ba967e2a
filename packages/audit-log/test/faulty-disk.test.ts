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
describe.runIf(hasCompiler).each([
  { name: 'audit.db', signed: false },
  { name: 'audit.jsonl', signed: false },
  { name: 'audit.db', signed: true },
])('a disk that fails under $name, signed: $signed', ({ name, signed }) => {
  it('at every write, sync, truncate and rename in turn: no answer without its record, and it works again by itself', () => {
    const folder = temporaryFolder()
    const library = join(folder, 'faulty-disk.so')
    const compiled = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl', '-lpthread'], {
      encoding: 'utf8',
    })
    expect(compiled.stderr).toBe('')
    const path = join(folder, name)
    const control = join(folder, 'control')
    const env = { ...process.env, LD_PRELOAD: library, FAULTY_FILES: path, FAULTY_CONTROL: control }
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [child, path, control, ...(signed ? [join(folder, 'key.pem')] : [])],
      { env, encoding: 'utf8' },
    )
    expect(stderr).toBe('')
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({ problems: [], missing: 0, verification: { intact: true, records: result.records } })
    expect(result.operations.write).toBeGreaterThanOrEqual(6)
    expect(result.operations.sync).toBeGreaterThanOrEqual(6)
    if (!signed) return expect(result.refusals).toBeGreaterThan(result.runs / 4)
    // Tiles and checkpoints come to their place by renaming; the records are there without them.
    expect(result.operations.rename).toBeGreaterThanOrEqual(4)
    expect(result.unsigned).toBeGreaterThan(result.operations.rename)
    expect(result.verification.checkpointSize).toBe(result.records)
  }, 300_000)
})
