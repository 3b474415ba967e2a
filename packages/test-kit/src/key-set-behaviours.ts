import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { answerJson } from './loopback-server.ts'
import { poisonedKeySet } from './poisoned-key-set.ts'

/** One request for the key set, with what the server would serve if it behaved. */
export interface KeySetExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly keySet: unknown
  readonly origin: string
  /** How often the key set was asked for, this time included. */
  readonly fetches: number
}

/** What the address of a key set can do. */
export type KeySetBehaviour = keyof typeof keySetBehaviours

/** One entry a behaviour. */
export const keySetBehaviours = {
  /** Answers 200 with the key set. */
  ok: ({ response, keySet }) => answerJson(response, 200, keySet),
  /** Answers nothing until `release()` is called. */
  held: () => undefined,
  /** Answers correctly after 200 ms. */
  slow: ({ response, keySet }) => setTimeout(() => answerJson(response, 200, keySet), 200),
  /** Sends headers and the first bytes, and then nothing any more. */
  stalled: ({ response }) => response.writeHead(200, jsonHeaders).write('{"keys":['),
  /** Takes the request and never answers. */
  silent: () => undefined,
  /** Sends one space every 50 ms, for ever. */
  dripping: ({ response }) => {
    response.writeHead(200, jsonHeaders)
    const timer = setInterval(() => response.write(' '), 50)
    response.on('close', () => clearInterval(timer))
  },
  /** Ends the connection without an answer. */
  reset: ({ request }) => request.socket.destroy(),
  /** Sends JSON without an end, as fast as it is read, up to 200 MB. */
  huge: ({ response }) => {
    response.writeHead(200, jsonHeaders)
    response.write('{"keys":[')
    pour(response, Buffer.alloc(64 * 1024, ' '), 3200)
  },
  /** Declares 200 MB and sends a valid key set of that length. */
  declaredHuge: ({ response }) => {
    response.writeHead(200, { ...jsonHeaders, 'content-length': String(200 * 1024 * 1024) })
    pour(response, Buffer.alloc(64 * 1024, ' '), 3200)
  },
  /** Sends a small gzip body that unpacks to 100 MB, whether it was asked for gzip or not. */
  gzipBomb: ({ response }) => response.writeHead(200, { ...jsonHeaders, 'content-encoding': 'gzip' }).end(gzipBomb()),
  /** Redirects to another address of the same server that serves the key set. */
  redirecting: ({ response, origin }) => response.writeHead(302, { location: `${origin}/elsewhere` }).end(),
  /** Redirects to another origin (`localhost` instead of 127.0.0.1) that serves the key set. */
  redirectingElsewhere: ({ response, origin }) =>
    response.writeHead(307, { location: `${origin.replace('127.0.0.1', 'localhost')}/elsewhere` }).end(),
  /** Redirects to itself. */
  redirectLoop: ({ request, response }) => response.writeHead(302, { location: request.url }).end(),
  /** Serves the key set with the entries of {@link poisonedKeySet} before and after the good ones. */
  poisoned: ({ response, keySet }) => answerJson(response, 200, poisonedKeySet(keySet)),
  /** Answers 503. */
  down: ({ response }) => answerJson(response, 503, { error: 'temporarily_unavailable' }),
  /** Answers 500. */
  failing: ({ response }) => answerJson(response, 500, { error: 'server_error' }),
  /** Answers 404. */
  notFound: ({ response }) => answerJson(response, 404, { error: 'not_found' }),
  /** Answers 204 without a body. */
  noContent: ({ response }) => response.writeHead(204).end(),
  /** Answers 200 with an empty body. */
  empty: ({ response }) => response.writeHead(200, jsonHeaders).end(),
  /** Answers 200 with a page for people. */
  html: ({ response }) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>'),
  /** Answers 200 with the first half of the document. */
  truncated: ({ response, keySet }) => {
    const body = JSON.stringify(keySet)
    response.writeHead(200, jsonHeaders).end(body.slice(0, body.length / 2))
  },
  /** Answers 200 with JSON that is no object. */
  jsonArray: ({ response, keySet }) => answerJson(response, 200, [keySet]),
  /** Answers 200 with `keys` that is no array. */
  keysIsAnObject: ({ response, keySet }) => answerJson(response, 200, { keys: keySet }),
  /** Answers 200 without `keys`. */
  withoutKeys: ({ response }) => answerJson(response, 200, {}),
  /** Answers 200 with no key at all. */
  noKeys: ({ response }) => answerJson(response, 200, { keys: [] }),
  /** Answers 503 to every second request, beginning with the first. */
  flapping: ({ response, keySet, fetches }) => answerJson(response, fetches % 2 === 1 ? 503 : 200, keySet),
} satisfies Record<string, (exchange: KeySetExchange) => unknown>

const jsonHeaders = { 'content-type': 'application/json' }

function pour(response: ServerResponse, chunk: Buffer, times: number): void {
  let left = times
  const more = (): void => {
    while (left-- > 0) {
      if (response.destroyed || !response.write(chunk)) return
    }
    response.end()
  }
  response.on('drain', more)
  more()
}

let bomb: Buffer | undefined

function gzipBomb(): Buffer {
  bomb ??= gzipSync(Buffer.alloc(100 * 1024 * 1024, ' '))
  return bomb
}
