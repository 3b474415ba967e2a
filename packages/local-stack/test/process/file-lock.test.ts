import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { acquireLock, readLockOwner, waitForLock } from '../../src/process/file-lock.ts'
import { identifyProcess } from '../../src/process/process-identity.ts'
import { killAndWait, sleepingProcess } from '../sleeping-process.ts'
import { temporaryFolder } from '../temporary-folder.ts'

describe('acquireLock', () => {
  test('gives the lock to the first and names it to the second', () => {
    const path = join(temporaryFolder(), 'lock')
    const other = identifyProcess(sleepingProcess().pid)
    expect(acquireLock(path, other).outcome).toBe('acquired')
    expect(acquireLock(path)).toEqual({ outcome: 'held', owner: other })
  })

  test('gives the lock again once it was given back', () => {
    const path = join(temporaryFolder(), 'lock')
    const first = acquireLock(path)
    if (first.outcome === 'acquired') first.release()
    expect(existsSync(path)).toBe(false)
    expect(acquireLock(path).outcome).toBe('acquired')
  })

  test('takes over the lock of a process that was killed, at once', async () => {
    const path = join(temporaryFolder(), 'lock')
    const owner = sleepingProcess()
    acquireLock(path, identifyProcess(owner.pid))
    await killAndWait(owner)
    expect(acquireLock(path).outcome).toBe('acquired')
    expect(readLockOwner(path)).toEqual(identifyProcess(process.pid))
  })

  test('takes over a lock whose number now belongs to another process', () => {
    const path = join(temporaryFolder(), 'lock')
    writeFileSync(path, JSON.stringify({ pid: process.ppid, startedAt: 'before the restart of the machine' }))
    expect(acquireLock(path).outcome).toBe('acquired')
  })

  test.each(['', '{', '"text"', '{"pid":"1"}', 'null'])('takes over a lock that holds %j', (content) => {
    const path = join(temporaryFolder(), 'lock')
    writeFileSync(path, content)
    expect(acquireLock(path).outcome).toBe('acquired')
  })

  test('does not give back a lock that someone else has taken meanwhile', () => {
    const path = join(temporaryFolder(), 'lock')
    const mine = acquireLock(path)
    const other = JSON.stringify(identifyProcess(sleepingProcess().pid))
    writeFileSync(path, other)
    if (mine.outcome === 'acquired') mine.release()
    expect(readFileSync(path, 'utf8')).toBe(other)
  })

  test('lets nobody else read who holds it, and leaves no draft behind', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'deep', 'lock')
    acquireLock(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(existsSync(`${path}.${process.pid}`)).toBe(false)
  })
})

describe('waitForLock', () => {
  test('tells once whom it waits for, and gets the lock when that process ends', async () => {
    const path = join(temporaryFolder(), 'lock')
    const owner = sleepingProcess()
    acquireLock(path, identifyProcess(owner.pid))
    const told: number[] = []
    const lock = await waitForLock(path, {
      onWait: ({ pid }) => {
        told.push(pid)
        owner.kill('SIGKILL')
      },
    })
    expect(told).toEqual([owner.pid])
    expect(readLockOwner(path)?.pid).toBe(process.pid)
    lock.release()
  })

  test('stops waiting when told', async () => {
    const path = join(temporaryFolder(), 'lock')
    acquireLock(path, identifyProcess(sleepingProcess().pid))
    const stop = new AbortController()
    await expect(waitForLock(path, { signal: stop.signal, onWait: () => stop.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    })
  })
})
