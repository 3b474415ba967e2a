import { AuditUnavailableError } from '@mcp-identity/audit-log'
import type { Answer, IncomingRequest, McpEndpoint, Refusal } from '@mcp-identity/mcp-authorization'
import { loadPolicies } from '@mcp-identity/policy'
import { beforeEach, describe, expect, it } from 'vitest'
import type { AuditTrail } from '../src/audit-trail.ts'
import { recordedEndpoint } from '../src/recorded-endpoint.ts'
import { contextOf } from '../src/request-context.ts'
import { verifiedToken } from './fixtures/verified-token.ts'

const request = { method: 'POST', target: '/mcp', rawHeaders: [] } as unknown as IncomingRequest
const unavailable = { status: 503, headers: { 'retry-after': '2', 'cache-control': 'no-store' } }
let isDiskFull: boolean

const write = () => (isDiskFull ? Promise.reject(new AuditUnavailableError('disk full')) : Promise.resolve())
const auditTrail = { record: write, recordRefusal: write } as unknown as AuditTrail

/** An endpoint that answers after having left this in the request's context. */
function answering(answer: Answer | Response, leave: (context: ReturnType<typeof contextOf>) => void) {
  const endpoint = {
    handle: (given: IncomingRequest) => {
      leave(contextOf(given))
      return Promise.resolve(answer)
    },
  } as unknown as McpEndpoint
  return recordedEndpoint({ endpoint, engine: loadPolicies(), auditTrail, isTool: () => true })
}

beforeEach(() => {
  isDiskFull = true
})

describe('an answer whose record cannot be written', () => {
  const refused: Answer = { status: 403, headers: {} }
  const refusedByName = () =>
    answering(refused, (context) => {
      context.token = verifiedToken({ subject: 'anna', groups: [], scopes: [] })
      context.bodyText = '{"method":"tools/call","params":{"name":"delete_customer"}}'
    })

  it('is 503 in place of a refusal at the gate', async () => {
    const token = verifiedToken({ subject: 'anna', groups: [], scopes: [] })
    const refusedAtGate = answering(refused, (context) => {
      context.refusal = { reason: 'insufficient_scope', token } as Refusal
    })
    expect(await refusedAtGate.handle(request)).toMatchObject(unavailable)
  })

  it('is 503 in place of saying that there is no such tool', async () => {
    expect(await refusedByName().handle(request)).toMatchObject(unavailable)
  })

  it('is 503 in place of the result of a tool, whose stream is ended', async () => {
    let isCancelled = false
    const stream = new ReadableStream({
      cancel() {
        isCancelled = true
      },
    })
    const endpoint = answering(new Response(stream), (context) => {
      context.isDecided = true
      context.isUnrecorded = true
    })
    expect(await endpoint.handle(request)).toMatchObject(unavailable)
    expect(isCancelled).toBe(true)
  })

  it('is what it was once the disk has room again', async () => {
    isDiskFull = false
    expect(await refusedByName().handle(request)).toBe(refused)
  })
})

it('leaves an answer as it is that needs no record', async () => {
  const anonymous: Answer = { status: 401, headers: {} }
  expect(await answering(anonymous, () => {}).handle(request)).toBe(anonymous)
})
