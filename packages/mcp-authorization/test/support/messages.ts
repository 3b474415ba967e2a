/** The revision that a message is worded in. */
export type Era = '2025-11-25' | '2026-07-28'

export const eras: readonly Era[] = ['2025-11-25', '2026-07-28']

/** A POST with one JSON-RPC request, as a client of that revision sends it. */
export function rpc(
  era: Era,
  token: string | undefined,
  method: string,
  params: Record<string, unknown> = {},
): RequestInit {
  return {
    method: 'POST',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headersOf(era, method, params),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 'request-1', method, params: paramsOf(era, params) }),
  }
}

/** A call of a tool. */
export function toolCall(
  era: Era,
  token: string | undefined,
  name: string,
  args: Record<string, unknown> = {},
): RequestInit {
  return rpc(era, token, 'tools/call', { name, arguments: args })
}

/** The one JSON-RPC response in an answer, from JSON or from an event stream. */
export async function rpcResponse(response: Response): Promise<Record<string, unknown>> {
  const body = await response.text()
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  const data = isStream
    ? body
        .split('\n')
        .find((line) => line.startsWith('data: {'))
        ?.slice('data: '.length)
    : body
  return JSON.parse(data ?? 'null')
}

function headersOf(era: Era, method: string, params: Record<string, unknown>): Record<string, string> {
  const common = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  if (era === '2025-11-25') return { ...common, 'mcp-protocol-version': era }
  const name = typeof params.name === 'string' ? { 'mcp-name': params.name } : {}
  return { ...common, 'mcp-protocol-version': era, 'mcp-method': method, ...name }
}

function paramsOf(era: Era, params: Record<string, unknown>): Record<string, unknown> {
  if (era === '2025-11-25') return params
  return {
    ...params,
    _meta: {
      'io.modelcontextprotocol/protocolVersion': era,
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1.0.0' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  }
}
