import { EventSourceParserStream } from 'eventsource-parser/stream'
import * as z from 'zod/mini'
import type { AuditFilters } from '../pages/audit/audit-filters.ts'
import { type AuditRecord, readAuditRecord } from './audit-record.ts'
import type { AuthorizedFetch } from './authorized-fetch.ts'

const pageSchema = z.object({
  records: z.array(z.unknown()),
  /** Where the next older page begins; absent when this one reaches the beginning. */
  cursor: z.optional(z.string()),
})

export interface AuditPage {
  /** The newest first. */
  records: AuditRecord[]
  /** Where the next older page begins; undefined when there is none. A filtered page may be short and still have one. */
  cursor: string | undefined
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

export interface AuditQuery extends AuditFilters {
  /** Only records after this sequence, the oldest of them first. */
  afterSequence?: number
  /** The cursor of the page before: goes on to older records. */
  cursor?: string | undefined
  /** 1 to 1,000. */
  limit: number
}

/** The MCP server's audit endpoints. */
export interface AuditApi {
  page(query: AuditQuery, signal?: AbortSignal): Promise<AuditPage>
  /** One record as it is stored, with all that shows that it is in the log. */
  proof(sequence: number, signal?: AbortSignal): Promise<AuditProof>
  /**
   * Follows the log. Resolves when the server ends the stream; the caller opens it again.
   *
   * @param afterSequence The newest record that is known already.
   */
  follow(options: {
    afterSequence: number
    signal: AbortSignal
    onOpen(): void
    onRecord(record: AuditRecord): void
  }): Promise<void>
}

/** @param origin Whose log it is. */
export function createAuditApi(origin: string, authorizedFetch: AuthorizedFetch): AuditApi {
  const base = `${origin}/audit`
  return {
    async page(query, signal) {
      const address = `${base}?${queryString(query)}`
      const response = await authorizedFetch(address, signal === undefined ? {} : { signal })
      const { records, cursor } = pageSchema.parse(await response.json())
      const read = records.map(readAuditRecord)
      return { records: read.sort((one, other) => other.sequence - one.sequence), cursor }
    },
    async proof(sequence, signal) {
      const init = signal === undefined ? {} : { signal }
      return proofSchema.parse(await (await authorizedFetch(`${base}/proof?sequence=${sequence}`, init)).json())
    },
    async follow({ afterSequence, signal, onOpen, onRecord }) {
      const response = await authorizedFetch(`${base}/stream?afterSequence=${afterSequence}`, {
        signal,
        headers: { accept: 'text/event-stream', 'last-event-id': String(afterSequence) },
      })
      onOpen()
      const events = response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
      if (events === undefined) return
      for await (const { event, data } of readAll(events)) {
        if (event !== undefined && event !== 'record') continue
        onRecord(readAuditRecord(JSON.parse(data)))
      }
    },
  }
}

function queryString(query: AuditQuery): string {
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
