import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

const module = new URL('../src/heap-growth.ts', import.meta.url).href
const script = `process.stdout.write(String((await import(${JSON.stringify(module)})).letHeapDouble()))`

/** In a process of its own, since the flag holds for all of it. */
function letHeapDouble(...settings: string[]) {
  const options = [...settings, '--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script]
  const { stdout, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8' })
  return { stdout, stderr }
}

it.each([
  { settings: ['--max-old-space-size=384'], expected: 'true' },
  { settings: [], expected: 'true' },
  { settings: ['--max-old-space-size=192', '--max-semi-space-size=4'], expected: 'false' },
])('with $settings it is $expected that the heap doubles, by a flag that this V8 knows', ({ settings, expected }) => {
  // V8 does not refuse a flag that it does not know: it says so, and goes on.
  expect(letHeapDouble(...settings)).toEqual({ stdout: expected, stderr: '' })
})
