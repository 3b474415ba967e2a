import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditRecordView } from '../src/audit-view.ts'
import { openTracing } from '../src/tracing/open-tracing.ts'
import { eventually } from './fixtures/eventually.ts'
import { attributesOf, type ReceivedSpan, startOtlpReceiver } from './fixtures/otlp-receiver.ts'
import { startTestServer, toolCall } from './fixtures/test-server.ts'

const callersTrace = (digit: string): string => digit.repeat(32)
const callersSpan = '00f067aa0ba902b7'
const sentBy = (digit: string): string => `00-${callersTrace(digit)}-${callersSpan}-01`

describe('spans, as a receiver of OTLP over HTTP gets them', async () => {
  const receiver = await startOtlpReceiver()
  let records: AuditRecordView[] = []
  let forged = ''
  let good = ''

  beforeAll(async () => {
    const tracing = { endpoint: receiver.endpoint, serviceName: 'mcp-server', sampledShare: 1 }
    const server = await startTestServer({ tracing })
    await eventually(async () => expect((await server.get('/readyz')).status).toBe(200))
    good = server.tokenOf('alice')
    forged = `${good.slice(0, -8)}AAAAAAAA`
    const send = (token: string, headers: Record<string, string>, meta: object = {}) => {
      const call = toolCall('whoami') as { params: object }
      return fetch(server.resource, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2025-11-25',
          authorization: `Bearer ${token}`,
          ...headers,
        },
        body: JSON.stringify({ ...call, params: { ...call.params, ...meta } }),
      }).then((response) => response.text())
    }
    await send(good, { traceparent: sentBy('a') })
    await send(good, {}, { _meta: { traceparent: sentBy('b') } })
    await send(good, {})
    await send(forged, { traceparent: sentBy('c') })
    await send(good, { traceparent: sentBy('d').replace(/01$/, '00') })
    records = await server.auditRecords()
    await server.stop()
  })
  afterAll(() => receiver.close())

  const inTrace = (traceId: string): ReceivedSpan[] => receiver.spans().filter((span) => span.traceId === traceId)
  const traceOf = ({ event }: AuditRecordView): string => (event as { traceparent?: string }).traceparent ?? ''

  it.each([
    ['the header of the request', 'a'],
    ['`_meta` of the message', 'b'],
  ])('a trace that the caller began is continued: %s', (_where, digit) => {
    const spans = inTrace(callersTrace(digit))
    const whole = spans.find(({ kind }) => kind === 2)
    expect(whole).toMatchObject({ name: 'tools/call whoami', parentSpanId: callersSpan })
    expect(attributesOf(whole)).toMatchObject({ 'gen_ai.tool.name': 'whoami', 'http.response.status_code': 200 })
    const parts = spans.filter((span) => span !== whole)
    expect(parts.map(({ name }) => name).toSorted()).toEqual(['audit', 'audit', 'authorization', 'policy', 'tool'])
    for (const part of parts) expect(part.parentSpanId).toBe(whole?.spanId)
    expect(attributesOf(parts.find(({ name }) => name === 'policy'))).toMatchObject({ 'mcp.outcome': 'allowed' })
  })

  it.each(['a', 'b'])('the audit records of the call name the same trace, and the span of this server: %s', (digit) => {
    const whole = inTrace(callersTrace(digit)).find(({ kind }) => kind === 2)
    const ofCall = records.filter((record) => traceOf(record).includes(callersTrace(digit)))
    expect(ofCall.map(({ event }) => event.phase)).toEqual(['decision', 'outcome'])
    for (const record of ofCall) expect(traceOf(record)).toBe(`00-${callersTrace(digit)}-${whole?.spanId}-01`)
  })

  it('a call without a trace begins one, and its audit records name it', () => {
    const roots = receiver.spans().filter(({ name, parentSpanId }) => name === 'tools/call whoami' && !parentSpanId)
    expect(roots).toHaveLength(1)
    const ofCall = records.filter((record) => traceOf(record).includes(roots[0]?.traceId ?? 'none'))
    expect(ofCall.map(({ event }) => event.phase)).toEqual(['decision', 'outcome'])
  })

  it('a refused token is a failed authorization with its reason, and nothing after it', () => {
    const spans = inTrace(callersTrace('c'))
    expect(spans.map(({ name }) => name).toSorted()).toEqual(['authorization', 'mcp.request'])
    const authorization = spans.find(({ name }) => name === 'authorization')
    expect(authorization?.status.code).toBe(2)
    expect(attributesOf(authorization)).toMatchObject({ 'mcp.outcome': 'refused', 'mcp.reason': 'signature_invalid' })
    expect(attributesOf(spans.find(({ name }) => name === 'mcp.request'))['http.response.status_code']).toBe(401)
  })

  it('a caller who does not sample her trace is followed: no span is sent, the record names the trace all the same', () => {
    expect(inTrace(callersTrace('d'))).toEqual([])
    expect(records.filter((record) => traceOf(record).includes(callersTrace('d')))).toHaveLength(2)
  })

  it('each part lies within the whole', () => {
    for (const whole of receiver.spans().filter(({ kind }) => kind === 2))
      for (const part of inTrace(whole.traceId).filter(({ parentSpanId }) => parentSpanId === whole.spanId)) {
        expect(BigInt(part.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(whole.startTimeUnixNano))
        expect(BigInt(part.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(part.startTimeUnixNano))
      }
  })

  it('holds no token and nobody’s name', () => {
    expect(new Set(receiver.paths)).toEqual(new Set(['POST /v1/traces']))
    for (const secret of [good, forged, 'alice']) expect(receiver.everything()).not.toContain(secret)
  })
})

describe('without an endpoint', () => {
  it('every part stays the very one that it was', async () => {
    const tracing = await openTracing(undefined, pino({ level: 'silent' }))
    const part = {} as never
    for (const wrap of ['verifier', 'policy', 'auditTrail', 'guard', 'endpoint'] as const)
      expect(tracing[wrap](part)).toBe(part)
  })
})
