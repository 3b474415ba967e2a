import type { StackFile } from '@mcp-identity/local-stack'
import { callWithToken, type PlainCallAnswer, sessionOf } from '@mcp-identity/local-stack/demo'
import type { Door } from '@mcp-identity/local-stack/doors'

/** What one opening of a door showed. */
export interface DoorRound {
  /** Milliseconds from the answer to who opened the door until the first refusal; 0 when it came before the answer. */
  answerToRefusalMs: number
  /** Milliseconds from the click until the first refusal. */
  clickToRefusalMs: number
  /** The first refusal. */
  refusal: PlainCallAnswer
  /** Answers to the calls after it: none of them may be an allow. */
  afterwards: PlainCallAnswer[]
  /** What the server said on a stream that was open meanwhile, when it closed it; `undefined` while it is open. */
  streamEnd: string | undefined
  /** OAuth error of a refresh after the refusal; `undefined` when it gave tokens. */
  refreshError: string | undefined
  /** The access token that was refused. */
  oldToken: string
}

const giveUpAfterMs = 5_000
const callsAfterwards = 20

/**
 * Signs a person in, opens a door for her while her token is used without a pause, and watches what happens.
 *
 * @throws {Error} What the door ends still works five seconds later.
 */
export async function openDoorOnce(stack: StackFile, door: Door, username: string): Promise<DoorRound> {
  const session = sessionOf(stack, username)
  if (door.loses !== undefined) await session.callTool(door.loses.name, door.loses.arguments)
  await session.callTool('whoami')
  const accessToken = session.accessToken()
  const refreshToken = session.refreshToken()
  await session.close()
  const stream = await watchAccess(stack, accessToken)
  const clickedAt = performance.now()
  let answeredAt: number | undefined
  const opening = door.open({ username, accessToken, refreshToken }).then((at) => {
    answeredAt = at
  })
  opening.catch(() => {})
  const refusal = await firstRefusal(stack, door, accessToken)
  const refusedAt = performance.now()
  await opening
  const afterwards: PlainCallAnswer[] = []
  for (let call = 0; call < callsAfterwards; call += 1)
    afterwards.push(await callWithToken(stack.urls.mcp, accessToken, door.loses))
  return {
    answerToRefusalMs: Math.max(0, refusedAt - (answeredAt ?? refusedAt)),
    clickToRefusalMs: refusedAt - clickedAt,
    refusal,
    afterwards,
    streamEnd: await stream.end(door.ends === 'permission' ? 0 : 1_000),
    refreshError: await refresh(stack, refreshToken ?? ''),
    oldToken: accessToken,
  }
}

/** Whether a call was refused: the token, or what the tool asks for. */
export function isRefused(answer: PlainCallAnswer): boolean {
  return answer.status === 401 || answer.status === 403 || answer.isToolError
}

async function firstRefusal(stack: StackFile, door: Door, accessToken: string): Promise<PlainCallAnswer> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < giveUpAfterMs) {
    const answer = await callWithToken(stack.urls.mcp, accessToken, door.loses)
    if (isRefused(answer)) return answer
  }
  throw new Error(`${door.name}: what it ends still works after ${giveUpAfterMs / 1000} s`)
}

/** The error of a refresh, or undefined when it gives tokens. */
export async function refresh(stack: StackFile, refreshToken: string): Promise<string | undefined> {
  const response = await fetch(`${stack.urls.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: stack.clients.cli.clientId,
      refresh_token: refreshToken,
    }),
  })
  return ((await response.json()) as { error?: string }).error
}

/** Holds a stream open with a token, as a page does, to see it being closed. */
async function watchAccess(stack: StackFile, accessToken: string) {
  const abort = new AbortController()
  const response = await fetch(new URL('/access/watch', stack.urls.mcp), {
    headers: { authorization: `Bearer ${accessToken}` },
    signal: abort.signal,
  })
  let text = ''
  const closed = (async () => {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk
  })().catch(() => {})
  return {
    /** Waits for the server to close the stream, no longer than the given time, and says what it said last. */
    async end(withinMs: number): Promise<string | undefined> {
      const timer = setTimeout(() => abort.abort(), withinMs)
      await closed
      clearTimeout(timer)
      return /event: end\ndata: (.*)/.exec(text)?.[1]
    },
  }
}
