import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** What came back. */
export interface ServerAnswer {
  /** 0: the connection ended, or nothing came in time. */
  readonly status: number
  /** Names in lower case; values of one name in their order. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: string
  /** Head and body as received, for the search for what must not be there. */
  readonly text: string
}

/** A request that is sent exactly as described, which no HTTP client would do. */
export interface RawRequest {
  readonly method: string
  /** Request target as written in the request line. */
  readonly target: string
  /** Header lines without line ends, in order. `Content-Length` and `Connection: close` are added unless given. */
  readonly headers: readonly string[]
  readonly body?: string | Uint8Array
}

const MAX_BYTES = 1_048_576

/** Sends one request over its own connection and reads the answer until it is complete, the connection ends, or time is up. */
export function exchange(url: URL, request: RawRequest, timeoutMs: number): Promise<ServerAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    const finish = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(parseAnswer(Buffer.concat(chunks).toString('latin1')))
    }
    const timer = setTimeout(finish, timeoutMs)
    const socket = openSocket(url, () => {
      socket.write(headOf(request), 'latin1')
      if (request.body !== undefined) socket.write(request.body)
    })
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      length += chunk.length
      if (length > MAX_BYTES || isFinalEvent(chunk)) finish()
    })
    socket.on('error', finish)
    socket.on('close', finish)
  })
}

function openSocket(url: URL, connected: () => void): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  if (url.protocol === 'https:') return connectTls({ host, port, servername: host }, connected)
  return connectPlain({ host, port }, connected)
}

function headOf({ method, target, headers, body }: RawRequest): string {
  const has = (name: string): boolean => headers.some((line) => line.toLowerCase().startsWith(`${name}:`))
  const lines = [`${method} ${target} HTTP/1.1`, ...headers]
  if (!has('content-length') && !has('transfer-encoding') && body !== undefined) {
    lines.push(`Content-Length: ${Buffer.byteLength(body)}`)
  }
  if (!has('connection')) lines.push('Connection: close')
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** A stream that goes on after its one response has said all there is. */
function isFinalEvent(chunk: Buffer): boolean {
  const text = chunk.toString('latin1')
  return /^data: .*"(?:result|error)"/m.test(text) && text.includes('\n\n')
}

function parseAnswer(text: string): ServerAnswer {
  const headEnd = text.indexOf('\r\n\r\n')
  const head = headEnd === -1 ? text : text.slice(0, headEnd)
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = new Map<string, string[]>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim().toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()])
  }
  const rest = headEnd === -1 ? '' : text.slice(headEnd + 4)
  const isChunked = headers.get('transfer-encoding')?.some((value) => value.toLowerCase() === 'chunked') === true
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1]
  return { status: Number(status ?? 0), headers, body: isChunked ? joinChunks(rest) : rest, text }
}

function joinChunks(text: string): string {
  let body = ''
  let at = 0
  while (at < text.length) {
    const lineEnd = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    if (lineEnd === -1 || !(size > 0)) break
    body += text.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 4 + size
  }
  return body
}
