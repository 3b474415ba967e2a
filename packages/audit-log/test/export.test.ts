import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type AuditEvent,
  type AuditRecord,
  exportFormats,
  httpSender,
  openAuditLog,
  queryAuditLog,
  type RefusedRecords,
  startDelivery,
  toCef,
  toOcsf,
  toOtlpLogRecord,
} from '../src/index.ts'
import { aliceDeletes } from './events.ts'
import { neededInCi } from './needed-in-ci.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A promise and what resolves it. */
function signal() {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve: () => resolve() }
}

const time = '2026-11-23T17:00:00.000Z'
const recordOf = (event: AuditEvent): AuditRecord => ({
  sequence: 7,
  previous: 'P',
  hash: 'H',
  event: { ...event, time },
})

const events: AuditEvent[] = [
  {
    ...aliceDeletes,
    durationMs: 12.4,
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    readableArguments: { id: 'cust_789' },
  },
  { ...aliceDeletes, tool: 'list_customers', outcome: 'refused', reason: 'missing_scope' },
  { ...aliceDeletes, outcome: 'refused', reason: 'audience_mismatch', times: 12 },
  {
    ...aliceDeletes,
    tool: 'whoami',
    phase: 'outcome',
    outcome: 'failed',
    actors: ['travel-agent'],
    protocolEra: '2026-07-28',
  },
  {
    phase: 'decision',
    action: 'tools/call',
    tool: 'frobnicate',
    outcome: 'allowed',
    callerKind: 'service',
    clientId: 'nightly-report',
  },
  {
    phase: 'decision',
    action: 'tools/call',
    tool: 'get_customer',
    outcome: 'allowed',
    callerKind: 'agent',
    subject: 'agent-1',
  },
  ...[
    ['revocation_received', 'account_disabled'],
    ['revocation_received', 'account_deleted'],
    ['revocation_received', 'session_ended'],
    ['permissions_change_received', 'account_active'],
    ['permissions_change_received', 'groups_changed'],
    ['permissions_change_received', 'roles_changed'],
    ['stream_cut', 'revoked'],
    ['keys_rotated', undefined],
    ['policies_reloaded', undefined],
    ['approval_given', undefined],
    ['personal_data_erased', undefined],
  ].map(
    ([action = '', reason]): AuditEvent => ({
      ...aliceDeletes,
      phase: 'security',
      action,
      ...(reason === undefined ? {} : { reason }),
      outcome: 'succeeded',
      details: { group: 'Data Analysts' },
    }),
  ),
  { phase: 'security', action: 'policies_reloaded', outcome: 'failed', reason: 'syntax' },
]

describe('OCSF', () => {
  it('is API Activity for a call, and says who, what and by which policy', () => {
    expect(toOcsf(recordOf(aliceDeletes))).toMatchObject({
      class_uid: 6003,
      activity_id: 4,
      type_uid: 600304,
      status_id: 1,
      action_id: 1,
      message: 'alice@company.com (Engineering) called delete_customer',
      metadata: { uid: 'H', sequence: 7, version: '1.8.0' },
      actor: {
        user: { email_addr: 'alice@company.com' },
        authorizations: [{ policy: { name: 'customer-admins-manage-customers' } }],
      },
      api: { operation: 'delete_customer' },
    })
  })

  it('says how many refusals a record stands for', () => {
    const refusal = { ...aliceDeletes, outcome: 'refused', times: 12 } as const
    expect(toOcsf(recordOf(refusal))).toMatchObject({ count: 12 })
    expect(toCef(recordOf(refusal))).toContain(' cnt=12 ')
  })

  const python = process.env.OCSF_PYTHON ?? 'python3'
  const validator = fileURLToPath(new URL('./validate-ocsf.py', import.meta.url))
  const hasSchema = spawnSync(python, ['-c', 'import ocsf_json_schema, jsonschema']).status === 0

  it.runIf(neededInCi(hasSchema, 'the Python packages ocsf-json-schema and jsonschema, see OCSF_PYTHON'))(
    'fits the schema of OCSF 1.8 for every kind of event',
    () => {
      const input = events.map((event) => JSON.stringify(toOcsf(recordOf(event)))).join('\n')
      const { stdout, stderr } = spawnSync(python, [validator], { input, encoding: 'utf8' })
      expect(`${stdout}${stderr}`).toBe(`${events.length} events fit\n`)
      const { api: _api, ...incomplete } = toOcsf(recordOf(aliceDeletes))
      expect(spawnSync(python, [validator], { input: JSON.stringify(incomplete), encoding: 'utf8' }).stderr).toContain(
        "'api' is a required",
      )
    },
  )
})

describe('CEF', () => {
  it('is one line that escapes what the format means', () => {
    const event = { ...aliceDeletes, reason: 'a=b|c\\d\r\nCEF:0|forged' }
    const line = toCef(recordOf(event))
    expect(line).toContain(
      'CEF:0|mcp-identity-stack|MCP server|1|decision:tools/call|tools/call delete_customer|3|rt=1795453200000 ',
    )
    expect(line).toContain('reason=a\\=b|c\\\\d\\nCEF:0|forged ')
    expect(line.split(/[\p{Cc}\p{Zl}\p{Zp}]/u)).toHaveLength(1)
  })
})

describe('OpenTelemetry', () => {
  it('carries the trace, the severity and the human line', () => {
    expect(toOtlpLogRecord(recordOf(events[0] ?? aliceDeletes))).toMatchObject({
      timeUnixNano: '1795453200000000000',
      severityNumber: 9,
      body: { stringValue: 'alice@company.com (Engineering) called delete_customer' },
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
    })
    const { attributes } = toOtlpLogRecord(recordOf(events[0] ?? aliceDeletes))
    expect(attributes).toContainEqual({ key: 'audit.client_id', value: { stringValue: 'mcp-cli' } })
    expect(attributes).toContainEqual({ key: 'audit.readable_arguments', value: { stringValue: '{"id":"cust_789"}' } })
    expect(attributes).toContainEqual({ key: 'audit.duration_ms', value: { doubleValue: 12.4 } })
  })
})

describe('a delivery', () => {
  it('brings every record, in order, although the receiver is away at times', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'audit.db')
    const log = await openAuditLog({ path })
    await Promise.all(Array.from({ length: 250 }, () => log.append(aliceDeletes)))
    const received: number[] = []
    let requests = 0
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      requests += 1
      // Every second request fails, half of them after the records came through.
      if (requests % 2 === 1 && requests % 4 === 1) return void request.socket.destroy()
      for (const line of body.trim().split('\n')) received.push(JSON.parse(line).sequence)
      response.writeHead(requests % 2 === 0 ? 200 : 503).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const problems: unknown[] = []
    const cursorFile = join(folder, 'cursor')
    const done = signal()
    const delivery = startDelivery({
      query: (query) => queryAuditLog(path, query),
      cursorFile,
      batchSize: 30,
      send: httpSender(url, exportFormats.lines),
      onProblem: (problem) => problems.push(problem),
      wait: async () => {
        await new Promise(setImmediate)
        if (delivery.delivered === 250) done.resolve()
      },
    })
    await done.promise
    await delivery.stop()
    await log.close()
    expect([...new Set(received)]).toEqual(Array.from({ length: 250 }, (_, index) => index + 1))
    expect(problems.length).toBeGreaterThan(3)
    expect(readFileSync(cursorFile, 'utf8')).toBe('250')
  })

  it('goes on after its cursor, and waits longer each time the receiver does not answer', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'audit.db')
    const cursorFile = join(folder, 'cursor')
    const log = await openAuditLog({ path })
    await Promise.all(Array.from({ length: 10 }, () => log.append(aliceDeletes)))
    await log.close()
    const { writeFileSync } = await import('node:fs')
    writeFileSync(cursorFile, '7')
    const pauses: number[] = []
    const batches: number[][] = []
    const done = signal()
    const delivery = startDelivery({
      query: (query) => queryAuditLog(path, query),
      cursorFile,
      intervalMs: 100,
      longestPauseMs: 500,
      send: async (records) => {
        batches.push(records.map(({ sequence }) => sequence))
        if (batches.length < 6) throw new Error('away')
        return undefined
      },
      wait: async (milliseconds) => {
        pauses.push(milliseconds)
        if (batches.length === 6) done.resolve()
      },
    })
    await done.promise
    await delivery.stop()
    expect(batches).toEqual(Array.from({ length: 6 }, () => [8, 9, 10]))
    expect(pauses.slice(0, 5)).toEqual([100, 200, 400, 500, 500])
  })

  /** Delivers ten records in batches of four to a receiver that answers as told, until all are through. */
  async function deliverTen(answer: (sequences: readonly number[]) => { status: number; body?: object }) {
    const folder = temporaryFolder()
    const path = join(folder, 'audit.db')
    const log = await openAuditLog({ path })
    await Promise.all(Array.from({ length: 10 }, () => log.append(aliceDeletes)))
    await log.close()
    const received: number[] = []
    const server = createServer(async (request, response) => {
      const text = Buffer.concat(await request.toArray()).toString()
      const found = [...text.matchAll(/"audit.sequence","value":\{"intValue":"(\d+)"/g)].map(([, number]) =>
        Number(number),
      )
      const { status, body = {} } = answer(found)
      if (status === 200) received.push(...found)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const refused: RefusedRecords[] = []
    const problems: string[] = []
    const pauses: number[] = []
    const done = signal()
    const delivery = startDelivery({
      query: (query) => queryAuditLog(path, query),
      cursorFile: join(folder, 'cursor'),
      batchSize: 4,
      intervalMs: 100,
      send: httpSender(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`, exportFormats.otlp),
      onProblem: (problem) => problems.push((problem as Error).message),
      onRefused: (records) => refused.push(records),
      wait: async (milliseconds) => {
        await new Promise(setImmediate)
        pauses.push(milliseconds)
        if (delivery.delivered === 10) done.resolve()
      },
    })
    await done.promise
    await delivery.stop()
    const noteFile = join(folder, 'cursor.refused')
    const notes = existsSync(noteFile) ? readFileSync(noteFile, 'utf8').trim().split('\n') : []
    expect(notes.map((line) => JSON.parse(line))).toEqual(refused)
    return { received, refused, problems, pauses }
  }
  const all = Array.from({ length: 10 }, (_, index) => index + 1)

  it.each([400, 413, 422])(
    'sets the one record aside that the receiver answers with %i, and brings the others',
    async (status) => {
      const { received, refused, problems } = await deliverTen((sequences) => ({
        status: sequences.includes(6) ? status : 200,
      }))
      expect(received).toEqual(all.filter((sequence) => sequence !== 6))
      const one = { firstSequence: 6, lastSequence: 6, refused: 1, reason: `the receiver answered ${status}` }
      expect(refused).toEqual([{ time: expect.any(String), ...one }])
      expect(problems).toEqual([])
    },
  )

  it('makes batches smaller for a receiver that takes less at once, and loses nothing', async () => {
    const { received, refused } = await deliverTen(({ length }) => ({ status: length > 1 ? 413 : 200 }))
    expect({ received, refused }).toEqual({ received: all, refused: [] })
  })

  it.each([401, 403, 404, 429, 500, 503])(
    'keeps its place while the receiver answers %i: that may be mended',
    async (status) => {
      let requests = 0
      const { received, refused, problems } = await deliverTen(() => ({ status: ++requests <= 3 ? status : 200 }))
      expect({ received, refused }).toEqual({ received: all, refused: [] })
      expect(problems).toEqual(Array.from({ length: 3 }, () => `the receiver answered ${status}`))
    },
  )

  it('passes a receiver that refuses everything over ever more slowly', async () => {
    const { refused, pauses } = await deliverTen(() => ({ status: 400 }))
    expect(refused).toHaveLength(10)
    expect(pauses.slice(0, 10)).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200])
  })

  // OTLP 1.x, "Partial Success": the client must not send the request again.
  it.each([
    ['as a string, as ProtoJSON writes it', '2'],
    ['as a number', 2],
  ])('notes what an OTLP receiver refused of a batch that it took, %s', async (_form, rejectedLogRecords) => {
    const { received, refused, problems } = await deliverTen((sequences) => ({
      status: 200,
      body: sequences.includes(6) ? { partialSuccess: { rejectedLogRecords, errorMessage: 'too old' } } : {},
    }))
    expect(received).toEqual(all)
    expect(refused).toEqual([
      { time: expect.any(String), firstSequence: 5, lastSequence: 8, refused: 2, reason: 'too old' },
    ])
    expect(problems).toEqual([])
  })

  it.each([
    { partialSuccess: { errorMessage: 'only a warning' } },
    { partialSuccess: { rejectedLogRecords: '0' } },
    { partialSuccess: null },
    { partialSuccess: { rejectedLogRecords: 'many' } },
  ])('takes %j as full success', async (body) => {
    expect(await deliverTen(() => ({ status: 200, body }))).toMatchObject({ received: all, refused: [] })
  })
})
