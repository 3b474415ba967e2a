import { Agent, request } from 'node:http'
import type { ToolCall } from '../src/doors/door.ts'

/** A replica, called as a load balancer hands a request on: at its own port, under the name of the resource. */
export interface ReplicaCaller {
  port: number
  /** Calls a tool. @throws {Error} Nobody answers. */
  call(accessToken: string, tool: ToolCall): Promise<CallOutcome>
  /**
   * Whether the call was refused: the token, its scope, or by the policies.
   *
   * @throws {Error} Any other answer than that or a result: 503, or a tool that failed.
   */
  isRefused(accessToken: string, tool: ToolCall): Promise<boolean>
  close(): void
}

/**
 * How a call went. `denied`: the token; `forbidden`: its scope, or by the policies; `unavailable`: the server says that it
 * cannot know; `failed`: anything else, with the status and the beginning of what came.
 */
export interface CallOutcome {
  answer: 'allowed' | 'denied' | 'forbidden' | 'unavailable' | 'failed'
  detail?: string
}

const answerOfStatus: Record<number, CallOutcome['answer']> = { 401: 'denied', 403: 'forbidden', 503: 'unavailable' }
/** A tool that the caller may not have answers like one that does not exist. */
const forbiddenText = /"reason":"insufficient_authorization"|Tool \S+ not found/

function outcomeOf(status: number, text: string): CallOutcome {
  if (status === 200 && forbiddenText.test(text)) return { answer: 'forbidden' }
  if (status === 200 && !/"isError":true|"error":\{/.test(text)) return { answer: 'allowed' }
  return { answer: answerOfStatus[status] ?? 'failed', detail: `${status}: ${text.slice(0, 200)}` }
}

export function callerOf(port: number, resource: string): ReplicaCaller {
  const agent = new Agent({ keepAlive: true })
  const { host, pathname } = new URL(resource)

  function call(accessToken: string, tool: ToolCall): Promise<CallOutcome> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: tool })
    const headers = {
      host,
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    }
    return new Promise((resolve, reject) => {
      const sent = request({ agent, host: '127.0.0.1', port, path: pathname, method: 'POST', headers }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        response.once('end', () => resolve(outcomeOf(response.statusCode ?? 0, text)))
        response.once('error', reject)
      })
      // The server may close a connection that is kept just as it is used again; then nothing was asked yet.
      sent.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ECONNRESET' && sent.reusedSocket
          ? call(accessToken, tool).then(resolve, reject)
          : reject(error),
      )
      sent.end(body)
    })
  }

  return {
    port,
    call,
    async isRefused(accessToken, tool) {
      const { answer, detail } = await call(accessToken, tool)
      if (answer === 'denied' || answer === 'forbidden') return true
      if (answer === 'allowed') return false
      throw new Error(`the replica at port ${port} answered ${detail}`)
    },
    close: () => agent.destroy(),
  }
}
