import { randomBytes } from 'node:crypto'
import { createRawConnection } from '../../bench/raw-connection.ts'

/** A call that the server has answered, and what its answer promises about the log. */
export interface AnsweredCall {
  readonly traceparent: string
  readonly tool: string
  readonly status: number
  /** Phase and outcome of its records, in order; none for 503, which promises nothing. */
  readonly records: readonly string[]
}

/** A call that is sent over and over, and the answer that it has to get. */
interface CallShape {
  readonly tool: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly status: number
  readonly records: readonly string[]
}

/** Of each kind one: allowed, allowed without a result, refused. */
const shapes: readonly CallShape[] = [
  { tool: 'whoami', arguments: {}, status: 200, records: ['decision allowed', 'outcome succeeded'] },
  {
    tool: 'get_customer',
    arguments: { id: 'cust_001' },
    status: 200,
    records: ['decision allowed', 'outcome succeeded'],
  },
  {
    tool: 'get_customer',
    arguments: { id: 'cust_999999' },
    status: 200,
    records: ['decision allowed', 'outcome failed'],
  },
  { tool: 'delete_customer', arguments: { id: 'cust_001' }, status: 200, records: ['decision refused'] },
]

export interface CallsOptions {
  resource: string
  token: string
  /** How many wait for an answer at the same time. */
  callers: number
  /** Told of every whole answer. */
  onAnswer: (call: AnsweredCall) => void
}

export interface RunningCalls {
  /** Resolves when the last caller has ended. @throws {Error} One was answered what no call of these may be. */
  readonly ended: Promise<unknown>
  /** Sends no more. */
  stop(): void
}

/**
 * Calls tools without pause, each caller the next one when the last one was answered; every call carries a `traceparent`
 * of its own, which its records carry too. A caller whose connection breaks ends: its call was not answered.
 */
export function startCalls({ resource, token, callers, onAnswer }: CallsOptions): RunningCalls {
  let isStopped = false
  const ends = Array.from({ length: callers }, async (_, caller) => {
    const connection = createRawConnection(Number(new URL(resource).port))
    for (let index = caller; !isStopped; index++) {
      const shape = shapes[index % shapes.length] as CallShape
      const traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`
      const status = await connection.ask(requestOf(resource, { token, traceparent, shape }))
      if (status === 0) return
      const isPromise = status === shape.status
      if (!isPromise && status !== 503) throw new Error(`${shape.tool} was answered ${status}`)
      onAnswer({ traceparent, tool: shape.tool, status, records: isPromise ? shape.records : [] })
    }
    connection.close()
  })
  return {
    ended: Promise.all(ends),
    stop() {
      isStopped = true
    },
  }
}

interface Call {
  token: string
  traceparent: string
  shape: CallShape
}

function requestOf(resource: string, { token, traceparent, shape }: Call): Buffer {
  const { host, pathname } = new URL(resource)
  const params = { name: shape.tool, arguments: shape.arguments }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  const lines = [
    `POST ${pathname} HTTP/1.1`,
    `host: ${host}`,
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'accept: application/json, text/event-stream',
    'mcp-protocol-version: 2025-11-25',
    `traceparent: ${traceparent}`,
    '',
    body,
  ]
  return Buffer.from(lines.join('\r\n'))
}
