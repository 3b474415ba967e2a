import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasRedisServer } from '@mcp-identity/test-kit'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { callerOf } from '../../bench/replica-calls.ts'
import { watchRefusals } from '../../bench/watch-refusals.ts'
import { openPersonSession } from '../../src/demo/mcp-session.ts'
import { corporateIdpDisable } from '../../src/doors/corporate-idp-disable.ts'
import { choosePorts, isPortFree } from '../../src/ports.ts'
import { readStackFile, type StackFile } from '../../src/stack-file.ts'
import { stackFolderAt } from '../../src/stack-folder.ts'
import { canShareStore } from '../../src/start-shared-store.ts'
import { DevCommand } from './command-line.ts'

const count = 3
const boundMs = 1_000
const isShared = await canShareStore()
const whoami = { name: 'whoami', arguments: {} }

describe.skipIf(!hasRedisServer())('pnpm dev --replicas', () => {
  const folder = stackFolderAt(mkdtempSync(join(tmpdir(), 'local-stack-replicas-')))
  let dev: DevCommand
  let stack: StackFile

  beforeAll(async () => {
    const { base } = await choosePorts(28_580, isPortFree, count)
    dev = new DevCommand(folder.root, base)
    const start = await dev.run('--detach', '--replicas', String(count))
    expect(start).toMatchObject({ code: 0, output: expect.stringContaining('a replica') })
    stack = readStackFile(folder.stackFile) as StackFile
  })
  afterAll(async () => {
    await dev.run('--stop')
    rmSync(folder.root, { recursive: true, force: true })
  })

  async function tokenOf(username: string): Promise<string> {
    const person = stack.accounts.find((account) => account.username === username)
    if (person === undefined) throw new Error(`the stack names no ${username}`)
    const { cli } = stack.clients
    const session = openPersonSession({ resource: stack.urls.mcp, clientId: cli.clientId, person })
    onTestFinished(() => session.close())
    await session.callTool('whoami')
    return session.accessToken()
  }

  test('serves one resource at each of them', async () => {
    const { mcp, replicas = [] } = stack.urls
    expect(replicas).toHaveLength(count)
    expect(replicas[0]).toBe(mcp)
    for (const url of replicas) expect((await fetch(new URL('/readyz', url))).status).toBe(200)
  })

  test.skipIf(!isShared)('shows the calls at all of them at any, and reports a leaver from all', async () => {
    const [erin = '', ivan = ''] = await Promise.all(['erin', 'ivan'].map(tokenOf))
    const callers = (stack.urls.replicas ?? []).map((url) => callerOf(Number(new URL(url).port), stack.urls.mcp))
    onTestFinished(() => callers.forEach((caller) => void caller.close()))
    for (const caller of callers) expect(await caller.isRefused(erin, whoami)).toBe(false)
    const ask = async (path: string) =>
      (await fetch(new URL(path, stack.urls.replicas?.[1]), { headers: { authorization: `Bearer ${ivan}` } })).json()
    const { records, unread } = (await ask('/audit?tool=whoami')) as { records: { log: string }[]; unread: object[] }
    expect(new Set(records.map(({ log }) => log))).toEqual(new Set(['mcp-server', 'mcp-server-2', 'mcp-server-3']))
    expect(unread).toEqual([])
    const leaver = (await ask('/access-review/leaver?person=erin')) as {
      checks: object[]
      activity: { tools: object[] }
    }
    expect(leaver.checks).toContainEqual({ check: 'every audit log was read', isRight: true, found: 'all of them' })
    // The sign-in makes one call, too.
    expect(leaver.activity.tools).toContainEqual(expect.objectContaining({ tool: 'whoami', allowed: count + 1 }))
  })

  test(`whoever IT disables is denied at each of them within ${boundMs} ms, and is never allowed again`, async () => {
    const visitor = { username: 'alice', accessToken: await tokenOf('alice') }
    const callers = (stack.urls.replicas ?? []).map((url) => callerOf(Number(new URL(url).port), stack.urls.mcp))
    onTestFinished(() => callers.forEach((caller) => void caller.close()))
    const asks = callers.map((caller) => () => caller.isRefused(visitor.accessToken, whoami))
    for (const isRefused of asks) expect(await isRefused()).toBe(false)

    const door = corporateIdpDisable(stack)
    const watch = watchRefusals(asks, { giveUpAfterMs: 5_000, callsAfterwards: 20 })
    const [answeredAt, seen] = await Promise.all([door.open(visitor).finally(watch.opened), watch.seen])

    for (const at of seen.refusedAt) expect(at - answeredAt).toBeLessThan(boundMs)
    expect(seen.allowedAfterwards).toBe(0)
  })
})
