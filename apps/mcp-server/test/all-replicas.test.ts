import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { verifyAuditLog } from '@mcp-identity/audit-log'
import { verifyClaim } from '@mcp-identity/audit-log/browser'
import { verifyEvidence } from '@mcp-identity/policy/access-review'
import { hasPostgresServer } from '@mcp-identity/test-kit'
import { beforeAll, describe, expect, it } from 'vitest'
import type { AuditPage } from '../src/audit-pages.ts'
import type { AuditRecordView } from '../src/audit-view.ts'
import { createReplicaIdentity } from '../src/replicas/replica-assertion.ts'
import { eventually } from './fixtures/eventually.ts'
import { joinTwoReplicas, type ReplicaChoice } from './fixtures/joined-replicas.ts'

type Page = Omit<AuditPage, 'records'> & { records: AuditRecordView[] }

describe.runIf(hasPostgresServer())('the audit logs of two replicas, asked for at either', { timeout: 120_000 }, () => {
  const joined = joinTwoReplicas()
  const { ask, callTool } = joined

  beforeAll(async () => {
    for (const person of ['anna', 'bob', 'anna', 'bob', 'anna'] as const) {
      await callTool('first', person, 'whoami')
      await callTool('second', person, 'get_customer', { id: 'cust_001' })
    }
  })

  const readAt = async <Answer = Page>(replica: ReplicaChoice, path: string): Promise<Answer> =>
    JSON.parse((await ask(replica, 'ivan', path)).text)
  const placeOf = ({ log, sequence }: AuditRecordView) => `${log} ${sequence}`

  it('are one history in the order of time, each record with the log that it is in', async () => {
    const [one, other] = [await readAt('first', '/audit?tool=whoami'), await readAt('second', '/audit?tool=whoami')]
    expect(one.records.map(placeOf)).toEqual(other.records.map(placeOf))
    const all = await readAt('second', '/audit?limit=1000')
    expect(new Set(all.records.map(({ log }) => log))).toEqual(new Set(['replica-1', 'replica-2']))
    expect(all.records.map(({ time }) => time)).toEqual(all.records.map(({ time }) => time).sort())
    expect(all.records.filter(({ event }) => event.tool === 'get_customer' && event.phase === 'decision')).toHaveLength(
      5,
    )
    expect(all.unread).toEqual([])
    expect(all.cursor).toBeUndefined()
  })

  it('show personal data of either', async () => {
    const { records } = await readAt('first', '/audit?tool=get_customer')
    expect(records.map(({ line }) => line)).toContain('anna@company.com (Sales) called get_customer')
  })

  it('are paged back and onward without gap or repetition', async () => {
    const whole = (await readAt('first', '/audit?limit=1000')).records.map(placeOf)
    const back: string[] = []
    let cursor: string | undefined
    do {
      const page = await readAt('second', `/audit?limit=3${cursor === undefined ? '' : `&cursor=${cursor}`}`)
      back.unshift(...page.records.map(placeOf))
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(back.slice(0, whole.length)).toEqual(whole)
    expect(new Set(back).size).toBe(back.length)
    const onward: string[] = []
    for (let after = 'replica-1:0,replica-2:0'; ; ) {
      const page = await readAt('second', `/audit?limit=3&after=${after}`)
      if (page.records.length === 0) break
      onward.push(...page.records.map(placeOf))
      after = page.nextAfter
    }
    expect(onward.slice(0, whole.length)).toEqual(whole)
  })

  it('prove a record and sign a checkpoint of the log that is named, and of no other', async () => {
    const { records } = await readAt('first', '/audit?tool=get_customer&limit=1')
    const [record] = records
    expect(record?.log).toBe('replica-2')
    const { verifierKey } = await readAt<{ verifierKey: string }>('first', '/audit/checkpoint?log=replica-2')
    expect(verifierKey).toMatch(/^mcp-identity\/audit\/replica-2\+/)
    const claim = await readAt<Parameters<typeof verifyClaim>[0]>(
      'first',
      `/audit/proof?log=replica-2&sequence=${record?.sequence}`,
    )
    expect(await verifyClaim(claim, verifierKey)).toMatchObject({ record: { hash: record?.hash } })
    const own = await readAt<{ verifierKey: string }>('second', '/audit/checkpoint?log=replica-2')
    expect(own.verifierKey).toBe(verifierKey)
  })

  it('sign a checkpoint each when all are asked for one', async () => {
    const { checkpoints, unread } = await readAt<{ checkpoints: Record<string, string>[]; unread: object[] }>(
      'first',
      '/audit/checkpoints',
    )
    expect(unread).toEqual([])
    expect(checkpoints).toEqual(
      ['replica-1', 'replica-2'].map((log) => ({
        log,
        checkpoint: expect.stringMatching(`^mcp-identity/audit/${log}\n`),
        verifierKey: expect.stringContaining(`mcp-identity/audit/${log}+`),
      })),
    )
  })

  it.each(['/audit?afterSequence=0', '/audit?before=5', '/audit/proof?sequence=1', '/audit/checkpoint'])(
    'are not mistaken for one: %s has to say which',
    async (path) => {
      const { status, text } = await ask('first', 'ivan', path)
      expect(status).toBe(400)
      expect(text).toContain('name one of replica-1, replica-2')
    },
  )

  it('are two: there is no third', async () => {
    expect((await ask('first', 'ivan', '/audit?log=replica-3')).status).toBe(404)
  })

  /** Reads a stream at the first replica from now on, while something is called, until a text came. */
  async function streamed(query: string, call: () => Promise<unknown>, until: string): Promise<string> {
    const { nextAfter } = await readAt('first', '/audit?limit=1')
    const ending = new AbortController()
    const response = await fetch(`${joined.first.origin}/audit/stream?after=${nextAfter}${query}`, {
      headers: { authorization: `Bearer ${joined.first.tokenOf('ivan')}` },
      signal: ending.signal,
    })
    await call()
    let text = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      if (text.includes(until)) break
    }
    ending.abort()
    return text
  }

  it('are streamed together', async () => {
    const call = () => callTool('second', 'dave', 'list_customers', { limit: 1 })
    expect(await streamed('', call, '"tool":"list_customers"')).toMatch(
      /id: replica-1:\d+,replica-2:\d+\nevent: record\ndata: \{"log":"replica-2"/,
    )
  })

  it.each(['replica-2', 'own'])('are streamed alone where one is named: %s', async (log) => {
    const call = async () => {
      for (const replica of ['first', 'second'] as const) await callTool(replica, 'dave', 'run_report', {})
    }
    const name = log === 'own' ? 'replica-1' : log
    const text = await streamed(`&log=${log}`, call, '"tool":"run_report"')
    expect(new Set([...text.matchAll(/data: \{"log":"([^"]+)"/g)].map(([, found]) => found))).toEqual(new Set([name]))
  })

  it('are exported together by the tool', async () => {
    const { structuredContent } = await callTool('second', 'ivan', 'export_audit', { limit: 1000 })
    const { records, unread } = structuredContent as Page
    expect(new Set(records.map(({ log }) => log))).toEqual(new Set(['replica-1', 'replica-2']))
    expect(unread).toEqual([])
    const { content } = await callTool('second', 'ivan', 'export_audit', { afterSequence: 0 })
    expect(content).toEqual([{ type: 'text', text: 'A sequence is of one log: say which, with log.' }])
  })

  it('are counted together for a leaver and in the access review', async () => {
    const { activity } = await readAt<{ activity: { tools: object[]; unread: object[] } }>(
      'second',
      '/access-review/leaver?person=anna',
    )
    expect(activity.tools).toContainEqual(expect.objectContaining({ tool: 'whoami', allowed: 3 }))
    expect(activity.tools).toContainEqual(expect.objectContaining({ tool: 'get_customer', allowed: 3 }))
    const { accounts, warnings } = await readAt<{
      accounts: { username: string; grants: { tool: string; calls: number }[] }[]
      warnings: string[]
    }>('second', '/access-review')
    const grants = accounts.find(({ username }) => username === 'anna')?.grants
    expect(grants?.find(({ tool }) => tool === 'whoami')).toMatchObject({ calls: 3 })
    expect(grants?.find(({ tool }) => tool === 'get_customer')).toMatchObject({ calls: 3 })
    expect(warnings.filter((warning) => warning.includes('replica'))).toEqual([])
  })

  it('have evidence beside them that one signs and the other has the key of', async () => {
    const evidence = await readAt<Parameters<typeof verifyEvidence>[0]>('first', '/access-review/evidence')
    const { keys } = await readAt<{ keys: Parameters<typeof verifyEvidence>[1][] }>('second', '/access-review/key')
    expect(await verifyEvidence(evidence, keys[0] ?? {})).toMatchObject({ outcome: 'intact' })
  })

  it('answer to replicas alone', async () => {
    const { assertionFor } = await createReplicaIdentity('replica-1')
    const assertions = [await assertionFor(joined.second.origin), joined.first.tokenOf('ivan'), 'nonsense']
    for (const assertion of assertions) {
      const response = await fetch(`${joined.second.origin}/replicas/audit-query`, {
        method: 'POST',
        headers: { authorization: `Bearer ${assertion}`, 'content-type': 'application/json' },
        body: '{}',
      })
      expect(response.status).toBe(404)
    }
  })

  it('both forget a person who was erased at one of them, and both verify', async () => {
    const command = fileURLToPath(new URL('../../../packages/audit-log/src/cli/erase.ts', import.meta.url))
    const erase = (...args: string[]) => execFileSync(process.execPath, [command, ...args], { encoding: 'utf8' })
    const filesOf = (name: string) => [joined.first, joined.second].map(({ folder }) => join(folder, 'data', name))
    const vaults = filesOf('audit-personal-data.db')
    const logs = filesOf('audit.db').flatMap((log) => ['--log', log])
    expect(erase(...vaults, '--email', 'anna@company.com', ...logs)).toContain('sub-anna')
    const who = ['--issuer', joined.first.keycloak.issuer, '--subject', 'sub-anna', '--yes']
    expect(erase(vaults[0] ?? '', ...who)).toContain('1 of 1 keys dropped')
    await eventually(async () => {
      const { records } = await readAt('first', '/audit?text=personal+data+erased')
      expect(records.map(({ log }) => log).sort()).toEqual(['replica-1', 'replica-2'])
    })
    expect((await readAt('first', '/audit?text=anna%40')).records).toEqual([])
    for (const { folder } of [joined.first, joined.second])
      expect(await verifyAuditLog(join(folder, 'data', 'audit.db'))).toMatchObject({ intact: true })
  })

  it('are known to be readable, before anybody asks, to who watches the metrics', () =>
    eventually(async () => {
      expect(await (await joined.first.get('/metrics')).text()).toContain('mcp_audit_log_unread{log="replica-2"} 0')
    }))

  it('are named where they cannot be read, by whoever is asked and in every answer', async () => {
    await callTool('second', 'alice', 'whoami')
    await joined.second.restart(async () => {
      const { records, unread } = await readAt('first', '/audit')
      expect(new Set(records.map(({ log }) => log))).toEqual(new Set(['replica-1']))
      expect(unread).toEqual([{ log: 'replica-2', problem: 'the replica cannot be reached (ECONNREFUSED)' }])
      expect((await ask('first', 'ivan', '/audit/checkpoint?log=replica-2')).status).toBe(503)
      const signed = await readAt<{ checkpoints: { log: string }[]; unread: object[] }>('first', '/audit/checkpoints')
      expect(signed).toMatchObject({ checkpoints: [{ log: 'replica-1' }], unread: [{ log: 'replica-2' }] })
      const { checks, nothingWorks } = await readAt<{ checks: object[]; nothingWorks: boolean }>(
        'first',
        '/access-review/leaver?person=alice',
      )
      expect(checks).toContainEqual({
        check: 'every audit log was read',
        isRight: false,
        found: 'replica-2: the replica cannot be reached (ECONNREFUSED)',
      })
      expect(nothingWorks).toBe(false)
      const { warnings } = await readAt<{ warnings: string[] }>('first', '/access-review')
      expect(warnings).toContainEqual(expect.stringContaining('What was used lately at replica-2 is missing'))
    })
    expect((await readAt('first', '/audit')).unread).toEqual([])
  })

  it('are named as unknown where the shared store does not say which there are', async () => {
    await readAt('first', '/audit')
    joined.postgres.kill()
    try {
      await eventually(async () => {
        const { records, unread } = await readAt('first', '/audit')
        expect(unread).toEqual([{ log: null, problem: expect.stringContaining('does not say which there are') }])
        expect(new Set(records.map(({ log }) => log))).toEqual(new Set(['replica-1', 'replica-2']))
      })
    } finally {
      joined.postgres.start()
    }
    await eventually(async () => expect((await readAt('first', '/audit')).unread).toEqual([]))
  })
})
