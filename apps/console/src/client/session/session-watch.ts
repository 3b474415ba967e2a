import { EventSourceParserStream } from 'eventsource-parser/stream'
import { ApiError } from '../api/api-error.ts'
import type { AuthorizedFetch } from '../api/authorized-fetch.ts'
import { mcpOrigin, type Settings } from '../settings.ts'
import type { Session } from './session.ts'
import { SessionEndedError } from './session.ts'

const retryMs = 5000

/**
 * Holds a stream open that the MCP server ends with the person's access. When it ends, a new access token is asked for;
 * where there is none any more, the session says so, and the page shows it within the second.
 *
 * @returns ends the watch.
 */
export function watchSession(settings: Settings, session: Session, authorizedFetch: AuthorizedFetch): () => void {
  const stopping = new AbortController()
  const { signal } = stopping

  async function watchOnce(): Promise<void> {
    const response = await authorizedFetch(`${mcpOrigin(settings)}/access/watch`, {
      signal,
      headers: { accept: 'text/event-stream' },
    })
    const reader = response.body
      ?.pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream())
      .getReader()
    for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader?.read()) {
      if (read.value.event === 'end') await session.renew()
    }
  }

  async function watchForever(): Promise<void> {
    while (!signal.aborted) {
      try {
        await watchOnce()
        await wait(retryMs / 10)
      } catch (error) {
        if (signal.aborted || error instanceof SessionEndedError) return
        // A server without this stream, or one that is away: the session is still renewed before its token expires.
        if (error instanceof ApiError && error.status === 404) return
        await wait(retryMs)
      }
    }
  }

  void watchForever()
  return () => stopping.abort()
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
