import type { AuthInfo, McpHttpHandler } from '@modelcontextprotocol/server'
import type { Answer } from './answer.ts'
import type { RawRequest } from './raw-request.ts'

/** What a handler could pass on must not reach it by accident. */
const CREDENTIAL_HEADERS = new Set(['authorization', 'dpop', 'cookie', 'proxy-authorization'])

/** One request at the SDK's own handler. */
export interface SdkExchange {
  /** The answer; a `Response` is a stream. Undefined once the exchange was aborted. */
  readonly answer: Promise<Answer | Response | undefined>
  abort(reason?: unknown): void
}

/** What goes to the SDK. */
export interface SdkInputs {
  readonly url: string
  readonly body: unknown
  readonly authInfo: AuthInfo
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>
  /** Called once, when the answer has been sent or cut. */
  readonly onDone: () => void
}

/**
 * Lets the SDK answer a request whose body was read already. Aborting closes the answer's stream; nobody waits for a tool
 * that does not listen to its signal.
 */
export function openSdkExchange(sdk: McpHttpHandler, request: RawRequest, inputs: SdkInputs): SdkExchange {
  const controller = new AbortController()
  const { signal } = controller
  const { authInfo, body: parsedBody } = inputs
  const asked = sdk.fetch(new Request(inputs.url, { method: 'POST', headers: headersOf(request), signal }), {
    authInfo,
    parsedBody,
  })
  const answer = untilAborted(asked, signal).then(async (response): Promise<Answer | Response | undefined> => {
    if (response !== undefined && isStream(response)) return followStream(response, signal, inputs)
    inputs.onDone()
    if (response !== undefined) return completeAnswer(response, inputs.headers)
    asked.then((late) => late.body?.cancel()).catch(() => undefined)
    return undefined
  })
  return { answer, abort: (reason) => controller.abort(reason) }
}

function headersOf(request: RawRequest): Headers {
  const headers = new Headers()
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = (request.rawHeaders[index] as string).toLowerCase()
    if (!CREDENTIAL_HEADERS.has(name)) headers.append(name, request.rawHeaders[index + 1] as string)
  }
  return headers
}

function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
    promise.then(resolve, reject)
  })
}

function isStream(response: Response): boolean {
  return response.headers.get('content-type')?.startsWith('text/event-stream') === true
}

async function completeAnswer(response: Response, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const body = response.body === null ? undefined : await response.text()
  return { status: response.status, headers: { ...Object.fromEntries(response.headers), ...headers }, body }
}

/** Follows a stream to its end, and cuts it when the exchange is aborted. */
function followStream(response: Response, signal: AbortSignal, { headers, onDone }: SdkInputs): Response {
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
  const cut = async (close: () => void): Promise<void> => {
    onDone()
    close()
    await reader.cancel().catch(() => undefined)
  }
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const end = (): void => void cut(() => controller.close())
      if (signal.aborted) end()
      else signal.addEventListener('abort', end, { once: true })
    },
    async pull(controller) {
      const { done, value } = await reader.read()
      if (signal.aborted) return
      if (!done) return controller.enqueue(value)
      onDone()
      controller.close()
    },
    cancel: () => cut(() => undefined),
  })
  return new Response(body, {
    status: response.status,
    // Without "no-transform" proxies may rewrite a stream.
    headers: { ...Object.fromEntries(response.headers), ...headers, 'cache-control': 'no-store, no-transform' },
  })
}
