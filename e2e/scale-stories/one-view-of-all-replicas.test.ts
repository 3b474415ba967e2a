import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { verifyClaim } from '@mcp-identity/audit-log/browser'
import { findWorkspaceRoot } from '@mcp-identity/local-stack'
import { accessTokenOf, callWithToken } from '@mcp-identity/local-stack/demo'
import { verifyEvidence } from '@mcp-identity/policy/access-review'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { eventually, start, stop } from '../container-control.ts'

interface AuditPage {
  records: { log: string; sequence: number; time: string; hash: string; event: { tool?: string; phase: string } }[]
  unread: { log: string | null; problem: string }[]
}

interface WaitingCall {
  id: string
  arguments: { id?: string }
}

const run = promisify(execFile)
const logs = ['mcp-server-1', 'mcp-server-2', 'mcp-server-3']

describe.runIf(inject('containers'))(
  'three replicas are one server to who looks at what it did and decides about it',
  () => {
    const stack = inject('stack')
    const replicas = stack?.urls.replicas ?? []
    const [one = '', two = '', three = ''] = replicas
    const tokens: Record<string, string> = {}
    let deleted: string | undefined

    beforeAll(async () => {
      for (const address of [stack.urls.mcp, ...replicas])
        await eventually(async () => (await fetch(new URL('/readyz', address))).ok)
      // Carol approves in her hours.
      writeFileSync(stack.clockFile, '2026-11-24T10:00:00+01:00')
      for (const username of ['ivan', 'alice', 'carol', 'erin']) tokens[username] = await accessTokenOf(stack, username)
      for (const replica of replicas)
        await eventually(async () => (await callWithToken(replica, tokens.erin ?? '')).status === 200)
    })
    afterAll(async () => {
      const restored = { name: 'update_customer', arguments: { id: deleted, changes: { status: 'active' } } }
      if (deleted !== undefined) await callWithToken(three, tokens.alice ?? '', restored)
      writeFileSync(stack.clockFile, '')
    })

    async function ask<Answer = AuditPage>(replica: string, path: string, username = 'ivan', body?: object) {
      const response = await fetch(new URL(path, replica), {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${tokens[username]}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: response.status, body: (await response.json()) as Answer }
    }

    it('any of them shows the calls at all, in the order of time, each with the log that it is in', async () => {
      const pages = await Promise.all(replicas.map(async (replica) => (await ask(replica, '/audit?tool=whoami')).body))
      for (const { records, unread } of pages) {
        expect(unread).toEqual([])
        expect([...new Set(records.map(({ log }) => log))].sort()).toEqual(logs)
        expect(records.map(({ time }) => time)).toEqual(records.map(({ time }) => time).sort())
      }
      const places = pages.map(({ records }) => records.map(({ log, sequence }) => `${log} ${sequence}`))
      expect(places[1]).toEqual(places[0])
      expect(places[2]).toEqual(places[0])
    })

    it('one proves a record that is in the log of another, with the key of that one', async () => {
      const { records } = (await ask(one, '/audit?tool=whoami')).body
      const record = records.find(({ log }) => log === 'mcp-server-3')
      const own = (await ask<{ verifierKey: string }>(three, '/audit/checkpoint?log=mcp-server-3')).body
      const { body: claim } = await ask<Parameters<typeof verifyClaim>[0]>(
        one,
        `/audit/proof?log=mcp-server-3&sequence=${record?.sequence}`,
      )
      expect(await verifyClaim(claim, own.verifierKey)).toMatchObject({ record: { hash: record?.hash } })
    })

    it('the report about a leaver counts what she did at all of them', async () => {
      const { body } = await ask<{
        activity: { tools: object[]; latest: { log: string }[] }
        checks: { check: string; isRight: boolean }[]
      }>(two, '/access-review/leaver?person=erin')
      expect(body.activity.tools).toContainEqual(
        expect.objectContaining({ tool: 'whoami', allowed: expect.any(Number) }),
      )
      expect([...new Set(body.activity.latest.map(({ log }) => log))].sort()).toEqual(logs)
      expect(body.checks).toContainEqual({ check: 'every audit log was read', isRight: true, found: 'all of them' })
    })

    it('what waits at one is approved at another and done at the third, once', async () => {
      const id = await strategicCustomer()
      const deletion = { name: 'delete_customer', arguments: { id } }
      const deleteAt = (replica: string) => callWithToken(replica, tokens.alice ?? '', deletion)
      expect(await deleteAt(one)).toMatchObject({ isToolError: true })
      const { body } = await ask<{ waiting: WaitingCall[] }>(two, '/approvals', 'carol')
      const waiting = body.waiting.filter((call) => call.arguments.id === id)
      expect(waiting).toHaveLength(1)
      expect((await ask(two, '/approvals', 'carol', { id: waiting[0]?.id })).status).toBe(200)
      expect(await deleteAt(three)).toMatchObject({ isToolError: false })
      deleted = id
      expect(await deleteAt(one)).toMatchObject({ isToolError: true })
    })

    it('evidence that one signs verifies with the key that another publishes', async () => {
      const { body: evidence } = await ask<Parameters<typeof verifyEvidence>[0]>(one, '/access-review/evidence')
      const { body } = await ask<{ keys: Record<string, unknown>[] }>(three, '/access-review/key')
      expect(await verifyEvidence(evidence, body.keys[0] ?? {})).toMatchObject({ outcome: 'intact' })
    })

    it('one that is stopped is named as missing, and its records are there again when it is back', async () => {
      await stop('mcp-server-3')
      try {
        const { body } = await ask(one, '/audit')
        expect(body.unread).toEqual([{ log: 'mcp-server-3', problem: expect.any(String) }])
        expect(body.records.map(({ log }) => log)).not.toContain('mcp-server-3')
      } finally {
        await start('mcp-server-3')
      }
      await eventually(async () => (await ask(one, '/audit')).body.unread.length === 0)
    })

    it('what they ask each other is for nobody else', async () => {
      const asked = { method: 'POST', headers: { authorization: `Bearer ${tokens.ivan}` }, body: '{}' }
      for (const replica of [stack.urls.mcp, ...replicas])
        expect((await fetch(new URL('/replicas/audit-query', replica), asked)).status).toBe(404)
    })

    it('each log verifies by itself', async () => {
      const command = ['packages/audit-log/src/cli/verify.ts', ...(stack.auditLogs ?? [])]
      const { stdout } = await run(process.execPath, command, { cwd: findWorkspaceRoot() })
      expect(stdout.match(/: intact, \d+ records/g)).toHaveLength(3)
    })

    async function strategicCustomer(): Promise<string> {
      for (let after = 'cust_000'; ; ) {
        const page = await listCustomers(after)
        const found = page.customers.find(({ strategic }) => strategic)
        if (found !== undefined) return found.id
        after = page.nextAfter
      }
    }

    async function listCustomers(after: string) {
      const response = await fetch(one, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${tokens.alice}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2025-11-25',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'list_customers', arguments: { limit: 100, after } },
        }),
      })
      const { result } = JSON.parse((await response.text()).replace(/^[^{]*/, ''))
      return result.structuredContent as { customers: { id: string; strategic: boolean }[]; nextAfter: string }
    }
  },
)
