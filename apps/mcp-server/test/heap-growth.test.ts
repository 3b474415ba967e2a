import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { heapGrowingPercent } from '../src/heap-growth.ts'

it.each([
  { keptMegabytes: 16, percent: 200 },
  { keptMegabytes: 32, percent: 100 },
  { keptMegabytes: 40, percent: 80 },
])('lets a heap of $keptMegabytes MB grow by 32 MB', ({ keptMegabytes, percent }) => {
  expect(heapGrowingPercent(32, keptMegabytes)).toBe(percent)
})

it('leaves a heap to V8 in which more than twice as much is kept', () => {
  expect(heapGrowingPercent(32, 64)).toBe(50)
  expect(heapGrowingPercent(32, 66)).toBe(0)
})

it('sets a flag that this V8 knows', () => {
  const module = new URL('../src/heap-growth.ts', import.meta.url).href
  const script = `(await import(${JSON.stringify(module)})).letHeapGrowBy(32)`
  const options = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval']
  const { status, stderr } = spawnSync(process.execPath, [...options, script], { encoding: 'utf8' })
  // V8 does not refuse a flag that it does not know: it says so, and goes on.
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
