import { Agent, request } from 'node:http'
import type { ToolCall } from '../src/doors/door.ts'

/** A replica, called as a load balancer hands a request on: at its own port, under the name of the resource. */
export interface ReplicaCaller {
  port: number
  /**
   * Whether the call was refused: the token, its scope, or by the policies. A tool that the caller may not have answers
   * like one that does not exist.
   *
   * @throws {Error} Any other answer than that or a result: 503, or a tool that failed.
   */
  isRefused(accessToken: string, tool: ToolCall): Promise<boolean>
  close(): void
}

export function callerOf(port: number, resource: string): ReplicaCaller {
  const agent = new Agent({ keepAlive: true })
  const { host, pathname } = new URL(resource)

  function call(accessToken: string, tool: ToolCall): Promise<{ status: number; text: string }> {
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
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }))
        response.once('error', reject)
      })
      sent.once('error', reject)
      sent.end(body)
    })
  }

  return {
    port,
    async isRefused(accessToken, tool) {
      const { status, text } = await call(accessToken, tool)
      if (status === 401 || status === 403) return true
      if (status === 200) {
        if (/"reason":"insufficient_authorization"|"message":"Tool \S+ not found"|Tool \S+ not found/.test(text))
          return true
        if (!/"isError":true|"error":\{/.test(text)) return false
      }
      throw new Error(`the replica at port ${port} answered ${status}: ${text.slice(0, 200)}`)
    },
    close: () => agent.destroy(),
  }
}
