import { isJsonContentType } from '@modelcontextprotocol/server'
import { hasAmbiguousMembers } from './ambiguous-members.ts'
import { type Answer, rpcErrorAnswer } from './answer.ts'
import type { IncomingRequest } from './incoming-request.ts'
import { headerValues } from './raw-request.ts'

/** A JSON-RPC message or batch, or the answer to what is none. */
export type ReadMessage =
  | { readonly outcome: 'read'; readonly body: unknown }
  | { readonly outcome: 'unreadable'; readonly body: undefined; readonly answer: Answer }

/**
 * Reads the JSON of a POST, up to `maxBytes`; the shape of the message is the SDK's business.
 *
 * @param headers Headers of the answer to what cannot be read.
 */
export async function readMessage(
  request: IncomingRequest,
  maxBytes: number,
  headers: Readonly<Record<string, string>>,
): Promise<ReadMessage> {
  if (request.method !== 'POST') {
    return unreadable(405, -32000, 'Method not allowed', { ...headers, allow: 'POST, OPTIONS' })
  }
  if (!isJson(request)) return unreadable(415, -32000, 'Content-Type must be application/json', headers)
  if (request.parsedBody !== undefined) return { outcome: 'read', body: request.parsedBody }
  const text = await request.readBody(maxBytes)
  if (text === undefined) return unreadable(413, -32000, 'Content too large', headers)
  const body = parse(text)
  if (body === undefined) return unreadable(400, -32700, 'Parse error', headers)
  if (hasAmbiguousMembers(text)) return unreadable(400, -32600, 'Invalid Request', headers)
  return { outcome: 'read', body }
}

function isJson(request: IncomingRequest): boolean {
  const [type = null] = headerValues(request, 'content-type')
  return type === 'application/json' || isJsonContentType(type)
}

function unreadable(...refused: Parameters<typeof rpcErrorAnswer>): ReadMessage {
  return { outcome: 'unreadable', body: undefined, answer: rpcErrorAnswer(...refused) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
