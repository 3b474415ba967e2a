import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openMemory } from '../src/open-memory.ts'

it('remembers over a restart who is known, and forgets who is gone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'directory-watcher-'))
  const path = join(folder, 'people.db')
  const anna = { username: 'anna', state: 'active', passwordSetAt: '1', lockedAt: '0', groups: ['g'] } as const
  const known = { ...anna, groups: [...anna.groups] }
  const first = openMemory(path)
  first.save(
    new Map([
      ['a', known],
      ['b', known],
    ]),
  )
  first.save(new Map([['b', undefined]]))
  first.close()
  const second = openMemory(path)
  expect(second.load()).toEqual(new Map([['a', known]]))
  second.close()
  rmSync(folder, { recursive: true })
})
