import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { choosePorts } from '../../src/ports.ts'
import { readLockOwner } from '../../src/process/file-lock.ts'
import { isRunning, type ProcessIdentity } from '../../src/process/process-identity.ts'
import { readRunRecord } from '../../src/process/run-record.ts'
import { readStackFile, type StackFile } from '../../src/stack-file.ts'
import { stackFolderAt } from '../../src/stack-folder.ts'
import { DevCommand } from './command-line.ts'

const folder = stackFolderAt(mkdtempSync(join(tmpdir(), 'local-stack-e2e-')))
const { base } = await choosePorts(28_480)
const dev = new DevCommand(folder.root, base)

afterEach(async () => {
  await dev.run('--stop')
})
afterAll(() => rmSync(folder.root, { recursive: true, force: true }))

describe('pnpm dev --detach', () => {
  test('returns when everything answers, and stops without leaving a process', async () => {
    const start = await dev.run('--detach')
    expect(start).toMatchObject({ code: 0, output: expect.stringContaining('alice-at-company') })
    expect(statSync(folder.stackFile).mode & 0o777).toBe(0o600)
    const stack = runningStack()
    expect(await json(`${stack.urls.issuer}/.well-known/openid-configuration`)).toMatchObject({
      issuer: stack.urls.issuer,
    })
    expect(await json(`${stack.urls.corporateIdp}/.well-known/openid-configuration`)).toMatchObject({
      issuer: stack.urls.corporateIdp,
    })
    expect((await fetch(stack.urls.mcp, { method: 'POST' })).status).toBe(401)
    expect((await fetch(stack.urls.console)).status).toBe(200)

    const processes = runningProcesses()
    expect(await dev.run('--stop')).toMatchObject({ code: 0, output: expect.stringMatching(/^Stopped in /) })
    expect(processes.filter(isRunning)).toEqual([])
    expect(readStackFile(folder.stackFile)).toBeUndefined()
    expect(await dev.run('--stop')).toEqual({ code: 0, output: 'Nothing runs here.\n' })
  })

  test('says that a stack runs already, and where; it goes on running', async () => {
    await dev.run('--detach')
    const { urls, pid } = runningStack()
    const second = await dev.run('--detach')
    expect(second.code).toBe(1)
    expect(second.output).toContain(`a stack already runs here (process ${pid}) and serves ${urls.mcp}`)
    expect(await dev.run('--status')).toMatchObject({ code: 0, output: expect.stringContaining(urls.mcp) })
  })

  test('moves to other ports when one is taken, and says so', async () => {
    const squatter = createServer().listen(base + 1, '127.0.0.1')
    onTestFinished(() => void squatter.close())
    const start = await dev.run('--detach')
    expect(start).toMatchObject({
      code: 0,
      output: expect.stringContaining(`Port ${base + 1} is taken by another program`),
    })
    expect(runningStack().urls.mcp).toBe(`http://localhost:${base + 11}/mcp`)
  })

  test('tells what was changed by hand in the realm, and --reset brings the code back', async () => {
    expect((await dev.run('--detach')).code).toBe(0)
    await allowEveryRedirect(runningStack())
    expect((await restart()).output).toContain(
      [
        'The realm was changed by hand and differs from the code:',
        '  changed clients[mcp-cli].redirectUris',
        'pnpm dev --reset brings back what the code says.',
      ].join('\n'),
    )
    const reset = await restart('--reset')
    expect(reset.output).toContain('realm imported: first start')
    expect(reset.output).not.toContain('changed by hand')
  })
})

describe('a stack that was killed', () => {
  test('ends by itself when its main process is gone, and the next start comes up', async () => {
    await dev.run('--detach')
    const processes = runningProcesses()
    process.kill(runningStack().pid, 'SIGKILL')
    await untilEnded(processes)
    expect(readStackFile(folder.stackFile)).toBeUndefined()
    expect((await dev.run('--detach')).code).toBe(0)
  })

  test('is cleared away by the next start when its keeper was killed too', async () => {
    await dev.run('--detach')
    const [keeper, keycloak] = readRunRecord(folder.runRecord).filter(({ name }) => name === 'Keycloak')
    if (keeper === undefined || keycloak === undefined) throw new Error('the record names no Keycloak')
    process.kill(keeper.pid, 'SIGKILL')
    process.kill(runningStack().pid, 'SIGKILL')
    expect(isRunning(keycloak)).toBe(true)
    const next = await dev.run('--detach')
    expect(next).toMatchObject({
      code: 0,
      output: expect.stringContaining('Ended what a killed stack left behind: Keycloak'),
    })
    expect(isRunning(keycloak)).toBe(false)
  })

  test('stops as a whole when one of its parts is killed', async () => {
    await dev.run('--detach')
    const processes = runningProcesses()
    const keycloak = readRunRecord(folder.runRecord).findLast(({ name }) => name === 'Keycloak')
    process.kill(keycloak?.pid ?? 0, 'SIGKILL')
    await untilEnded(processes)
    expect(readFileSync(join(folder.logs, 'stack.log'), 'utf8')).toContain('Keycloak ended with exit code 137')
    expect(readStackFile(folder.stackFile)).toBeUndefined()
  })
})

describe('pnpm dev in the foreground', () => {
  test('stops cleanly at Ctrl-C', async () => {
    const { child, finished } = dev.start()
    await until(() => readStackFile(folder.stackFile) !== undefined)
    const processes = runningProcesses()
    child.kill('SIGINT')
    expect(await finished).toMatchObject({ code: 130, output: expect.stringContaining('Stopped.') })
    expect(processes.filter(isRunning)).toEqual([])
  })

  test('stops cleanly at Ctrl-C while it is still starting', async () => {
    const { child, finished } = dev.start()
    await until(() => readRunRecord(folder.runRecord).some(({ name }) => name === 'Keycloak'))
    const processes = runningProcesses()
    child.kill('SIGINT')
    expect((await finished).code).toBe(130)
    expect(processes.filter(isRunning)).toEqual([])
  })
})

async function restart(...flags: string[]) {
  await dev.run('--stop')
  const start = await dev.run('--detach', ...flags)
  expect(start.code).toBe(0)
  return start
}

function runningStack(): StackFile {
  const stack = readStackFile(folder.stackFile)
  if (stack === undefined) throw new Error('no stack is ready')
  return stack
}

function runningProcesses(): ProcessIdentity[] {
  const main = readLockOwner(folder.lock)
  return [...readRunRecord(folder.runRecord), ...(main === undefined ? [] : [main])]
}

async function untilEnded(processes: ProcessIdentity[]): Promise<void> {
  await until(() => !processes.some(isRunning))
}

/** Polls; the test's own time limit ends a wait in vain. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(50)
}

async function json(url: string): Promise<unknown> {
  return (await fetch(url)).json()
}

/** What somebody might do in Keycloak's console. */
async function allowEveryRedirect({ urls, realm, clients }: StackFile): Promise<void> {
  const signIn = await fetch(`${urls.keycloak}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', ...clients.keycloakAdmin }),
  })
  const { access_token } = (await signIn.json()) as { access_token: string }
  const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' }
  const admin = `${urls.keycloak}/admin/realms/${realm}/clients`
  const [client] = (await (await fetch(`${admin}?clientId=mcp-cli`, { headers })).json()) as { id: string }[]
  const changed = await fetch(`${admin}/${client?.id}`, {
    method: 'PUT',
    headers,
    body: JSON.stringify({ ...client, redirectUris: ['*'] }),
  })
  expect(changed.status).toBe(204)
}
