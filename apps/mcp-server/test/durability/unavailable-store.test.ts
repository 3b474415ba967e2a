import { execFileSync, spawnSync } from 'node:child_process'
import { hasPostgresServer, startPostgresServer } from '@mcp-identity/test-kit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../fixtures/eventually.ts'
import type { ServerProcess } from '../fixtures/server-process.ts'
import { type AnsweredCall, startCalls } from './audited-calls.ts'
import { type AuditedServer, createAuditedServer } from './audited-server.ts'
import { missingCalls } from './kill-rounds.ts'

/** What makes the store of the audit log unwritable, and writable again. */
interface Outage {
  begin(server: ServerProcess): void
  end(server: ServerProcess): void
}

function hasLimits(): boolean {
  const found = spawnSync('prlimit', ['--version']).status === 0
  if (!found && process.env.CI === 'true') throw new Error('there is no prlimit; apt install util-linux')
  return found
}

/** Calls tools before, during and after an outage, and ends the server with SIGKILL. */
async function callThrough(server: AuditedServer, outage: Outage) {
  const running = await server.start()
  onTestFinished(() => void running.child.kill('SIGKILL'))
  const { origin } = new URL(server.resource)
  const readiness = async () => (await fetch(`${origin}/readyz`)).status
  await eventually(async () => expect(await readiness()).toBe(200))
  const answered: AnsweredCall[] = []
  const calls = startCalls({
    resource: server.resource,
    token: server.annasToken,
    callers: 16,
    onAnswer: (call) => void answered.push(call),
  })
  calls.ended.catch(() => {})
  const count = (isPromise: boolean) => answered.filter(({ records }) => records.length > 0 === isPromise).length
  const more = async (isPromise: boolean) => {
    const wanted = count(isPromise) + 100
    await eventually(() => expect(count(isPromise)).toBeGreaterThanOrEqual(wanted))
  }
  await more(true)
  expect(count(false)).toBe(0)
  outage.begin(running)
  await more(false)
  const during = { readiness: await readiness(), refused: answered.at(-1)?.status }
  outage.end(running)
  await more(true)
  await eventually(async () => expect(await readiness()).toBe(200))
  running.child.kill('SIGKILL')
  await running.exit
  await calls.ended
  return { during, missing: missingCalls(answered, await server.recordsAfter(0)), log: await server.verify() }
}

async function expectNothingLost(server: AuditedServer, outage: Outage): Promise<void> {
  onTestFinished(() => server.remove())
  const { during, missing, log } = await callThrough(server, outage)
  expect(during).toEqual({ readiness: 503, refused: 503 })
  expect(missing).toEqual([])
  expect(log).toMatchObject({ intact: true })
}

describe('the server', () => {
  // A limit on the size of files stands for a full disk: writes beyond it fail, until it is lifted.
  it.runIf(hasLimits())(
    'answers 503 while its disk is full, goes on by itself when there is room, and loses nothing',
    async () => {
      const limit = ({ child }: ServerProcess, bytes: string) =>
        execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:`])
      await expectNothingLost(await createAuditedServer(), {
        begin: (server) => limit(server, '65536'),
        end: (server) => limit(server, 'unlimited'),
      })
    },
  )

  it.runIf(hasPostgresServer())(
    'keeps its log in PostgreSQL, answers 503 while that is away, goes on by itself when it is back, and loses nothing',
    async () => {
      const postgres = startPostgresServer()
      onTestFinished(() => postgres.stop())
      await expectNothingLost(await createAuditedServer({ store: postgres.newDatabase() }), {
        begin: () => postgres.kill(),
        end: () => postgres.start(),
      })
    },
  )
})
