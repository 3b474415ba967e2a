import type { RawRequest } from './exchange.ts'
import type { Subject } from './subject.ts'

const COMMON = ['Content-Type: application/json', 'Accept: application/json, text/event-stream']
const clientInfo = { name: 'resource-server-suite', version: '1.0.0' }

/** A message that every MCP server answers, whatever its revision and whether it keeps sessions or not. */
export const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
})

/** A POST of {@link initialize} with these header lines. */
export function probe(headers: readonly string[] = []): RawRequest {
  return { method: 'POST', target: '', headers: [...COMMON, ...headers], body: initialize }
}

/** Sends {@link probe} to the endpoint. */
export function sendProbe(subject: Subject, headers: readonly string[] = []) {
  const { target: _target, ...request } = probe(headers)
  return subject.send(request)
}

/** A header line with a token. */
export function bearer(token: string): string {
  return `Authorization: Bearer ${token}`
}

/** A request of revision 2026-07-28: everything about it in itself. */
export function statelessRequest(method: string, params: Readonly<Record<string, unknown>>, token: string) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': clientInfo,
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const name = typeof params.name === 'string' ? [`Mcp-Name: ${params.name}`] : []
  return {
    headers: [...COMMON, bearer(token), 'MCP-Protocol-Version: 2026-07-28', `Mcp-Method: ${method}`, ...name],
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
  }
}

/** A request of revision 2025-11-25 in the session that the server opened for this token, if it keeps sessions. */
export async function sessionRequest(
  subject: Subject,
  method: string,
  params: Readonly<Record<string, unknown>>,
  token: string,
  sessionToken = token,
) {
  const opened = await sendProbe(subject, [bearer(sessionToken)])
  const session = opened.headers.get('mcp-session-id')?.map((id) => `Mcp-Session-Id: ${id}`) ?? []
  return {
    headers: [...COMMON, bearer(token), 'MCP-Protocol-Version: 2025-11-25', ...session],
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  }
}
