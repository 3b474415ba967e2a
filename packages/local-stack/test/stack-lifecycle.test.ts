import { existsSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { acquireLock } from '../src/process/file-lock.ts'
import { identifyProcess } from '../src/process/process-identity.ts'
import { openRunRecord } from '../src/process/run-record.ts'
import { readSettings } from '../src/settings.ts'
import { readStackFile, removeStackFile, type StackFile, writeStackFile } from '../src/stack-file.ts'
import { makeStackFolder, type StackFolder, stackFolderAt } from '../src/stack-folder.ts'
import { describeStatus, readStatus } from '../src/stack-status.ts'
import { startStack } from '../src/start-stack.ts'
import { stopStack } from '../src/stop-stack.ts'
import { killAndWait, sleepingProcess } from './sleeping-process.ts'
import { temporaryFolder } from './temporary-folder.ts'

describe('stack.json', () => {
  test('can be read by its owner only, whole, and is gone once removed', () => {
    const { stackFile } = emptyFolder()
    expect(readStackFile(stackFile)).toBeUndefined()
    writeStackFile(stackFile, stackOf(1))
    expect(statSync(stackFile).mode & 0o777).toBe(0o600)
    expect(readStackFile(stackFile)).toEqual(stackOf(1))
    removeStackFile(stackFile)
    expect(existsSync(stackFile)).toBe(false)
  })
})

describe('readStatus', () => {
  test('says that nothing runs, even when a killed stack left its file', () => {
    const folder = emptyFolder()
    expect(readStatus(folder)).toEqual({ outcome: 'nothing-runs' })
    writeStackFile(folder.stackFile, stackOf(1))
    expect(readStatus(folder)).toEqual({ outcome: 'nothing-runs' })
  })

  test('tells a stack that is starting from one that is ready', () => {
    const folder = emptyFolder()
    const main = sleepingProcess()
    acquireLock(folder.lock, identifyProcess(main.pid))
    expect(readStatus(folder)).toEqual({ outcome: 'starting', pid: main.pid, processes: [] })
    writeStackFile(folder.stackFile, stackOf(main.pid))
    expect(readStatus(folder)).toMatchObject({ outcome: 'ready', pid: main.pid })
  })

  test('names the parts that outlive a stack that was killed', async () => {
    const folder = emptyFolder()
    const main = sleepingProcess()
    const part = sleepingProcess()
    acquireLock(folder.lock, identifyProcess(main.pid))
    openRunRecord(folder.runRecord).add('MCP server', part.pid)
    await killAndWait(main)
    const status = readStatus(folder)
    expect(status).toMatchObject({ outcome: 'killed', processes: [{ name: 'MCP server', pid: part.pid }] })
    expect(describeStatus(status)).toContain('pnpm dev --stop')
  })

  test('shows addresses and accounts, but no secret of a client', () => {
    const text = describeStatus({ outcome: 'ready', pid: 1, file: stackOf(1), processes: [] })
    expect(text).toContain('http://localhost:8481/mcp')
    expect(text).toContain('alice')
    expect(text).not.toContain('directory-secret')
    expect(text).not.toContain('keycloak-password')
  })
})

describe('stopStack', () => {
  test('says that nothing runs, as often as it is asked', async () => {
    const folder = emptyFolder()
    expect(await stopStack(folder)).toEqual({ outcome: 'nothing-runs' })
    expect(await stopStack(folder)).toEqual({ outcome: 'nothing-runs' })
  })

  test('ends the main process and what it left, and removes stack.json', async () => {
    const folder = emptyFolder()
    const main = sleepingProcess()
    const part = sleepingProcess()
    acquireLock(folder.lock, identifyProcess(main.pid))
    openRunRecord(folder.runRecord).add('MCP server', part.pid)
    writeStackFile(folder.stackFile, stackOf(main.pid))
    expect(await stopStack(folder)).toMatchObject({ outcome: 'stopped', pid: main.pid })
    expect(identifyProcess(main.pid) ?? identifyProcess(part.pid)).toBeUndefined()
    expect(existsSync(folder.stackFile)).toBe(false)
  })

  test('ends what a killed stack left behind', async () => {
    const folder = emptyFolder()
    const main = sleepingProcess()
    const part = sleepingProcess()
    acquireLock(folder.lock, identifyProcess(main.pid))
    openRunRecord(folder.runRecord).add('MCP server', part.pid)
    await killAndWait(main)
    expect(await stopStack(folder)).toEqual({ outcome: 'leftovers-ended', names: ['MCP server'] })
    expect(identifyProcess(part.pid)).toBeUndefined()
  })

  test('never touches a process that was given the number of a killed main process', async () => {
    const folder = emptyFolder()
    const innocent = sleepingProcess()
    writeFileSync(folder.lock, JSON.stringify({ pid: innocent.pid, startedAt: 'before the restart of the machine' }))
    expect(await stopStack(folder)).toEqual({ outcome: 'nothing-runs' })
    expect(identifyProcess(innocent.pid)).toBeDefined()
  })
})

describe('startStack', () => {
  test('says that one runs already, and where', async () => {
    const folder = emptyFolder()
    const main = sleepingProcess()
    acquireLock(folder.lock, identifyProcess(main.pid))
    writeStackFile(folder.stackFile, stackOf(main.pid))
    await expect(startStack({ settings: readSettings({}), directory: folder.root })).rejects.toMatchObject({
      message: `a stack already runs here (process ${main.pid}) and serves http://localhost:8481/mcp`,
      nextStep: expect.stringContaining('--stop'),
    })
    expect(readStatus(folder).outcome).toBe('ready')
  })

  test('says that one is still starting', async () => {
    const folder = emptyFolder()
    acquireLock(folder.lock, identifyProcess(sleepingProcess().pid))
    await expect(startStack({ settings: readSettings({}), directory: folder.root })).rejects.toThrow(
      'is still starting',
    )
  })

  test('leaves nothing behind when a part cannot be started', async () => {
    const folder = emptyFolder()
    const settings = { ...readSettings({ PATH: '/nowhere' }), javaHome: '/nowhere' }
    await expect(startStack({ settings, directory: folder.root, keycloak: 'jvm', parts: () => [] })).rejects.toThrow(
      'Java 17 or newer',
    )
    expect(readStatus(folder)).toEqual({ outcome: 'nothing-runs' })
    expect([folder.lock, folder.runRecord, folder.stackFile].filter(existsSync)).toEqual([])
  })

  test('names both ways when neither Java nor a container engine is there', async () => {
    const settings = readSettings({ PATH: '/nowhere' })
    await expect(startStack({ settings, directory: emptyFolder().root, parts: () => [] })).rejects.toMatchObject({
      message: expect.stringMatching(/Java 17 or newer, and none was found.*docker is not installed/s),
      nextStep: expect.stringContaining('apt install'),
    })
  })
})

function emptyFolder(): StackFolder {
  const folder = stackFolderAt(temporaryFolder())
  makeStackFolder(folder)
  return folder
}

function stackOf(pid: number): StackFile {
  return {
    ready: true,
    pid,
    realm: 'company',
    trust: { provider: 'generic', issuer: 'keycloak' },
    urls: {
      console: 'http://localhost:8480',
      mcp: 'http://localhost:8481/mcp',
      issuer: 'http://localhost:8483/realms/company',
      keycloak: 'http://localhost:8483',
      corporateIdp: 'http://localhost:8482',
    },
    accounts: [{ username: 'alice', password: 'development', groups: ['Customer Admins'] }],
    clients: {
      cli: { clientId: 'mcp-cli' },
      service: { clientId: 'nightly-report', privateKeyFile: '/key.json' },
      directoryAdmin: { secret: 'directory-secret' },
      keycloakAdmin: { username: 'admin', password: 'keycloak-password' },
    },
    dataDir: '/data',
    auditLog: '/data/audit.db',
    clockFile: '/clock',
  }
}
