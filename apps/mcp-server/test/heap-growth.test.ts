import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { heapGrowingPercent } from '../src/heap-growth.ts'

const growth = { megabytes: 32, upToMegabytes: 80 }

it.each([
  { keptMegabytes: 16, percent: 200 },
  { keptMegabytes: 32, percent: 100 },
  { keptMegabytes: 40, percent: 80 },
])('lets a heap of $keptMegabytes MB grow by 32 MB', ({ keptMegabytes, percent }) => {
  expect(heapGrowingPercent(growth, keptMegabytes)).toBe(percent)
})

it('lets a heap grow to 80 MB of which more than 48 are kept', () => {
  expect(heapGrowingPercent(growth, 64)).toBe(25)
})

it('leaves a heap to V8 that could grow by less than a fifth', () => {
  expect(heapGrowingPercent(growth, 66)).toBe(21)
  expect(heapGrowingPercent(growth, 68)).toBe(0)
  expect(heapGrowingPercent(growth, 500)).toBe(0)
})

it('sets a flag that this V8 knows', () => {
  const module = new URL('../src/heap-growth.ts', import.meta.url).href
  const script = `(await import(${JSON.stringify(module)})).letHeapGrow({ megabytes: 32, upToMegabytes: 80 })`
  const options = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval']
  const { status, stderr } = spawnSync(process.execPath, [...options, script], { encoding: 'utf8' })
  // V8 does not refuse a flag that it does not know: it says so, and goes on.
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
