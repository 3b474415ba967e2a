import type { ToolCall } from '../doors/door.ts'

/** One call with a fixed access token, sent as plain HTTP so that no client can renew the token behind our back. */
export interface PlainCallAnswer {
  status: number
  /** The error code of the challenge, `undefined` where there is none. */
  challengeError: string | undefined
  /** The request was taken, and the tool refused or failed. */
  isToolError: boolean
}

/** How long it took from the click until the first refusal. */
export interface StopwatchReading {
  milliseconds: number
  /** Calls answered after the click and before the first refusal. */
  allowedCalls: number
  answer: PlainCallAnswer
}

const giveUpAfterMs = 10_000

const whoami: ToolCall = { name: 'whoami', arguments: {} }

/** Calls one tool once with this access token and nothing else. */
export async function callWithToken(resource: string, accessToken: string, tool = whoami): Promise<PlainCallAnswer> {
  const response = await fetch(resource, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: tool }),
  })
  const text = await response.text()
  const challenge = response.headers.get('www-authenticate') ?? ''
  return {
    status: response.status,
    challengeError: /error="([^"]+)"/.exec(challenge)?.[1],
    isToolError: /"isError":true|"error":\{/.test(text),
  }
}

/**
 * Starts the watch, makes the change, and calls without a pause until the token is refused.
 *
 * @throws {Error} The token still works 10 seconds after the click, or did not work before it.
 */
export async function timeToRefusal(
  resource: string,
  accessToken: string,
  click: () => Promise<unknown>,
): Promise<StopwatchReading> {
  const before = await callWithToken(resource, accessToken)
  if (before.status !== 200)
    throw new Error(`the token must work before the change; the call answered ${before.status}`)
  const clickedAt = performance.now()
  const change = click()
  change.catch(() => {})
  let allowedCalls = 0
  while (performance.now() - clickedAt < giveUpAfterMs) {
    const answer = await callWithToken(resource, accessToken)
    if (answer.status === 401) {
      const milliseconds = performance.now() - clickedAt
      await change
      return { milliseconds, allowedCalls, answer }
    }
    allowedCalls += 1
  }
  await change
  throw new Error(`the access token still works ${giveUpAfterMs / 1000} s after the change (${allowedCalls} calls)`)
}
