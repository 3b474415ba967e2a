import { connect } from 'node:net'

/** What came back over a socket. */
export interface RawAnswer {
  /** 0 when the connection ended without an answer. */
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** Everything, for the search for what must not be there. */
  readonly text: string
}

/**
 * Sends bytes as they are, which no HTTP client would, and reads until the server ends the connection.
 *
 * @param message Header lines joined by CRLF; `Connection: close` is added. A Uint8Array is sent untouched.
 */
export function sendRaw(origin: string, message: string | Uint8Array): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(port), hostname, () => socket.write(message))
    const finish = (): void => resolve(parseAnswer(Buffer.concat(chunks).toString('latin1')))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', finish)
    socket.on('close', finish)
  })
}

/** A request as text. */
export function rawRequest(requestLine: string, headers: readonly string[], body = ''): string {
  return [requestLine, ...headers, 'Connection: close', `Content-Length: ${Buffer.byteLength(body)}`, '', body].join(
    '\r\n',
  )
}

function parseAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, body: rest.join('\r\n\r\n'), text }
}
