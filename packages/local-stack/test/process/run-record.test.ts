import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { identifyProcess } from '../../src/process/process-identity.ts'
import { endLeftovers, openRunRecord, readRunRecord } from '../../src/process/run-record.ts'
import { killAndWait, sleepingProcess } from '../sleeping-process.ts'
import { temporaryFolder } from '../temporary-folder.ts'

describe('openRunRecord', () => {
  test('remembers what was started, for the owner only', () => {
    const path = join(temporaryFolder(), 'processes.json')
    const child = sleepingProcess()
    openRunRecord(path).add('MCP server', child.pid)
    expect(readRunRecord(path)).toEqual([{ name: 'MCP server', ...identifyProcess(child.pid) }])
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('does not list a process that has ended since', async () => {
    const path = join(temporaryFolder(), 'processes.json')
    const child = sleepingProcess()
    openRunRecord(path).add('MCP server', child.pid)
    await killAndWait(child)
    expect(readRunRecord(path)).toEqual([])
  })
})

describe('endLeftovers', () => {
  test('ends what a killed stack left behind and names it once', async () => {
    const path = join(temporaryFolder(), 'processes.json')
    const record = openRunRecord(path)
    const [keeper, program] = [sleepingProcess(), sleepingProcess()]
    record.add('Keycloak', keeper.pid)
    record.add('Keycloak', program.pid)
    const ended = Promise.all([once(keeper, 'exit'), once(program, 'exit')])
    expect(await endLeftovers(path)).toEqual(['Keycloak'])
    expect(await ended).toEqual([
      [null, 'SIGTERM'],
      [null, 'SIGTERM'],
    ])
    expect(existsSync(path)).toBe(false)
  })

  test('kills what does not end when asked', async () => {
    const path = join(temporaryFolder(), 'processes.json')
    const child = sleepingProcess('process.on("SIGTERM", () => {}); console.log("deaf"); setInterval(() => {}, 1000)')
    if (child.stdout !== null) await once(child.stdout, 'data')
    openRunRecord(path).add('Keycloak', child.pid)
    const ended = once(child, 'exit')
    await endLeftovers(path, 100)
    expect(await ended).toEqual([null, 'SIGKILL'])
  })

  test('never touches a process that was given the number of one that is gone', async () => {
    const path = join(temporaryFolder(), 'processes.json')
    const innocent = sleepingProcess()
    writeFileSync(
      path,
      JSON.stringify([{ name: 'Keycloak', pid: innocent.pid, startedAt: 'before the restart of the machine' }]),
    )
    expect(await endLeftovers(path)).toEqual([])
    expect(identifyProcess(innocent.pid)).toBeDefined()
  })

  test('runs the clean-up of a process even when the process is gone', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'processes.json')
    const trace = join(folder, 'removed')
    const child = sleepingProcess()
    openRunRecord(path).add('Keycloak', child.pid, [
      process.execPath,
      '-e',
      `fs.writeFileSync(${JSON.stringify(trace)}, 'yes')`,
    ])
    await killAndWait(child)
    await endLeftovers(path)
    expect(readFileSync(trace, 'utf8')).toBe('yes')
  })

  test.each(['', '{}', 'not JSON'])('finds nothing in a record that holds %j', async (content) => {
    const path = join(temporaryFolder(), 'processes.json')
    writeFileSync(path, content)
    expect(await endLeftovers(path)).toEqual([])
  })

  test('finds nothing where there was no stack', async () => {
    expect(await endLeftovers(join(temporaryFolder(), 'processes.json'))).toEqual([])
  })
})
