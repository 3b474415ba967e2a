import { EventSourceParserStream } from 'eventsource-parser/stream'
import * as z from 'zod/mini'
import type { AuditFilters } from '../pages/audit/audit-filters.ts'
import { type AuditRecord, readAuditRecord } from './audit-record.ts'
import type { AuthorizedFetch } from './authorized-fetch.ts'

const unreadSchema = z.array(z.object({ log: z.nullable(z.string()), problem: z.string() }))

/** A log whose records are missing. `log` null: it is not known which logs there are. */
export type UnreadLog = z.infer<typeof unreadSchema>[number]

const pageSchema = z.object({
  records: z.array(z.unknown()),
  nextAfter: z.string(),
  unread: unreadSchema,
  /** Where the next older page begins; absent when this one reaches the beginning. */
  cursor: z.optional(z.string()),
})

export interface AuditPage {
  /** The newest first. */
  records: AuditRecord[]
  /** Where the next older page begins; undefined when there is none. A filtered page may be short and still have one. */
  cursor: string | undefined
  /** Where to go on for newer records, see {@link AuditApi.follow}. */
  nextAfter: string
  unread: UnreadLog[]
}

const proofSchema = z.object({
  line: z.string(),
  /** Hashes beside the path from the record to the root, base64. */
  proof: z.array(z.string()),
  /** Signed note (C2SP tlog-checkpoint). */
  checkpoint: z.string(),
  /** `name+hash+key`. */
  verifierKey: z.string(),
})

/** A record's place under a signed checkpoint, to be verified. */
export type AuditProof = z.infer<typeof proofSchema>

const checkpointsSchema = z.object({
  checkpoints: z.array(z.object({ log: z.string(), checkpoint: z.string(), verifierKey: z.string() })),
  unread: unreadSchema,
})

/** What each log has signed, and which could not be asked. */
export type AuditCheckpoints = z.infer<typeof checkpointsSchema>

export interface AuditQuery extends AuditFilters {
  /** Only records of the named log after this sequence, the oldest of them first. */
  afterSequence?: number
  /** The cursor of the page before: goes on to older records. */
  cursor?: string | undefined
  /** 1 to 1,000. */
  limit: number
}

/** The MCP server's audit endpoints. */
export interface AuditApi {
  page(query: AuditQuery, signal?: AbortSignal): Promise<AuditPage>
  /** A checkpoint of each log, of what is durable now. */
  checkpoints(signal?: AbortSignal): Promise<AuditCheckpoints>
  /** One record as it is stored, with all that shows that it is in its log. */
  proof(record: Pick<AuditRecord, 'log' | 'sequence'>, signal?: AbortSignal): Promise<AuditProof>
  /**
   * Follows the logs. Resolves when the server ends the stream; the caller opens it again.
   *
   * @param after Where to go on: of a page, or what came with the newest record that is known already.
   */
  follow(options: {
    after: string
    signal: AbortSignal
    onOpen(): void
    onRecord(record: AuditRecord, after: string): void
    /** Told when other logs are missing than before; at first none is. */
    onUnread(unread: UnreadLog[]): void
  }): Promise<void>
}

/**
 * @param origin Who is asked.
 * @param onlyLog Reads this log alone; `own` stands for that of the server that is asked. Default: all logs that it knows.
 */
export function createAuditApi(origin: string, authorizedFetch: AuthorizedFetch, onlyLog?: string): AuditApi {
  const base = `${origin}/audit`
  return {
    async page(query, signal) {
      const address = `${base}?${queryString({ ...(onlyLog && { log: onlyLog }), ...query })}`
      const response = await authorizedFetch(address, signal === undefined ? {} : { signal })
      const { records, cursor, ...page } = pageSchema.parse(await response.json())
      return { records: records.map(readAuditRecord).reverse(), cursor, ...page }
    },
    async checkpoints(signal) {
      const init = signal === undefined ? {} : { signal }
      return checkpointsSchema.parse(await (await authorizedFetch(`${base}/checkpoints`, init)).json())
    },
    async proof({ log, sequence }, signal) {
      const init = signal === undefined ? {} : { signal }
      const address = `${base}/proof?${queryString({ log, sequence })}`
      return proofSchema.parse(await (await authorizedFetch(address, init)).json())
    },
    async follow({ after, signal, onOpen, onRecord, onUnread }) {
      const query = queryString({ after, ...(onlyLog && { log: onlyLog }) })
      const response = await authorizedFetch(`${base}/stream?${query}`, {
        signal,
        headers: { accept: 'text/event-stream' },
      })
      onOpen()
      const events = response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
      if (events === undefined) return
      for await (const { event, id, data } of readAll(events)) {
        if (event === 'record' && id !== undefined) onRecord(readAuditRecord(JSON.parse(data)), id)
        if (event === 'logs') onUnread(z.object({ unread: unreadSchema }).parse(JSON.parse(data)).unread)
      }
    },
  }
}

function queryString(query: Partial<AuditQuery> & { after?: string; sequence?: number }): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value))
  return parameters.toString()
}

/** Not every browser can iterate over a stream. */
async function* readAll<Item>(stream: ReadableStream<Item>): AsyncGenerator<Item> {
  const reader = stream.getReader()
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value
  } finally {
    await reader.cancel().catch(() => {})
  }
}
