import { isJsonContentType } from '@modelcontextprotocol/server'
import { hasAmbiguousMembers } from './ambiguous-members.ts'
import { type Answer, rpcErrorAnswer } from './answer.ts'
import type { IncomingRequest } from './incoming-request.ts'
import { headerValues } from './raw-request.ts'

/** A JSON-RPC message or batch, or the answer to what is none. */
export type ReadMessage =
  | { readonly outcome: 'read'; readonly body: unknown }
  | { readonly outcome: 'unreadable'; readonly answer: Answer }

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
  const refuse = (status: number, code: number, message: string, more = {}): ReadMessage => ({
    outcome: 'unreadable',
    answer: rpcErrorAnswer(status, code, message, { ...headers, ...more }),
  })
  if (request.method !== 'POST') return refuse(405, -32000, 'Method not allowed', { allow: 'POST, OPTIONS' })
  if (!isJsonContentType(headerValues(request, 'content-type')[0] ?? null)) {
    return refuse(415, -32000, 'Content-Type must be application/json')
  }
  if (request.parsedBody !== undefined) return { outcome: 'read', body: request.parsedBody }
  const text = await request.readBody(maxBytes)
  if (text === undefined) return refuse(413, -32000, 'Content too large')
  const body = parse(text)
  if (body === undefined) return refuse(400, -32700, 'Parse error')
  return hasAmbiguousMembers(text) ? refuse(400, -32600, 'Invalid Request') : { outcome: 'read', body }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
