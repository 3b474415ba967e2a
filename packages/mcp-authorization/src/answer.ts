/** An answer that is complete before it is sent: plain values, so that an adapter writes it without a web `Response`. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Absent: no body. */
  readonly body?: string | undefined
}

/** Makes a web `Response` of an answer. */
export function toResponse(answer: Answer): Response {
  return new Response(answer.body ?? null, { status: answer.status, headers: answer.headers })
}

/** A JSON answer that no cache keeps. */
export function jsonAnswer(status: number, content: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(content),
  }
}

/** A JSON-RPC error without the request's id: nothing of the request is echoed. */
export function rpcErrorAnswer(
  status: number,
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return jsonAnswer(status, { jsonrpc: '2.0', error: { code, message }, id: null }, headers)
}
