import { describe, expect, test } from 'vitest'
import { identifyProcess, isRunning, startByPs } from '../../src/process/process-identity.ts'
import { killAndWait, sleepingProcess } from '../sleeping-process.ts'

describe('identifyProcess', () => {
  test('tells the same process the same way each time', () => {
    expect(identifyProcess(process.pid)).toEqual(identifyProcess(process.pid))
    expect(isRunning({ pid: process.pid, startedAt: identifyProcess(process.pid)?.startedAt ?? '' })).toBe(true)
  })

  test('does not take another process of the same number for the one that was meant', () => {
    expect(isRunning({ pid: process.pid, startedAt: 'some other time' })).toBe(false)
  })

  test('knows that a process has ended', async () => {
    const child = sleepingProcess()
    const identity = identifyProcess(child.pid)
    expect(identity).toBeDefined()
    await killAndWait(child)
    expect(identifyProcess(child.pid)).toBeUndefined()
    expect(identity && isRunning(identity)).toBe(false)
  })
})

describe('startByPs, the way for systems without /proc', () => {
  test('tells when a running process started', () => {
    expect(startByPs(process.pid)).toMatch(/\d{2}:\d{2}:\d{2} \d{4}$/)
    expect(startByPs(process.pid)).toBe(startByPs(process.pid))
  })

  test('knows that a process has ended', async () => {
    const child = sleepingProcess()
    await killAndWait(child)
    expect(startByPs(child.pid)).toBeUndefined()
  })
})
