import { existsSync, readFileSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { AuditRecord } from '../audit-event.ts'
import type { AuditQuery } from '../query-log.ts'
import { writeDurably } from '../write-durably.ts'

export interface DeliveryOptions {
  /** Finds records of the log: `log.query`, or `queryAuditLog` of a path. */
  query: (query: AuditQuery) => Promise<AuditRecord[]>
  /** Remembers up to where everything was delivered, over restarts. */
  cursorFile: string
  /** Hands records over; it resolves only when the receiver has them. */
  send: (records: readonly AuditRecord[]) => Promise<void>
  /** Records at once, 1 to 1,000. Default 500. */
  batchSize?: number
  /** How often to look for new records. Default 1,000. */
  intervalMs?: number
  /** Longest pause between attempts while the receiver is away. Default 60,000. */
  longestPauseMs?: number
  /** Told of each failed attempt. */
  onProblem?: (problem: unknown) => void
  /** Waits; for tests. */
  wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

export interface Delivery {
  /** Sequence up to which everything was delivered. */
  readonly delivered: number
  /** Ends it; what is under way is waited for. */
  stop(): Promise<void>
}

/**
 * Delivers a log to a receiver, in order, each record at least once: after a crash the last batch may come again
 * (`sequence` and `hash` tell). While the receiver is away the cursor stays where it is and pauses grow, twice each
 * time, up to `longestPauseMs`.
 */
export function startDelivery(options: DeliveryOptions): Delivery {
  const { query, cursorFile, send, batchSize = 500, intervalMs = 1000, longestPauseMs = 60_000 } = options
  const { onProblem = () => {}, wait = pause } = options
  const stopping = new AbortController()
  let delivered = existsSync(cursorFile) ? Number(readFileSync(cursorFile, 'utf8')) : 0
  if (!Number.isSafeInteger(delivered) || delivered < 0) throw new TypeError(`${cursorFile} does not hold a sequence`)

  /** @returns Whether more records may wait. */
  async function deliverBatch(): Promise<boolean> {
    const records = await query({ afterSequence: delivered, limit: batchSize })
    const last = records.at(-1)
    if (last === undefined) return false
    await send(records)
    await writeDurably(cursorFile, String(last.sequence), 0o600)
    delivered = last.sequence
    return records.length === batchSize
  }

  async function run(): Promise<void> {
    let failures = 0
    while (!stopping.signal.aborted) {
      try {
        const more = await deliverBatch()
        failures = 0
        if (!more) await wait(intervalMs, stopping.signal)
      } catch (problem) {
        onProblem(problem)
        await wait(Math.min(intervalMs * 2 ** failures++, longestPauseMs), stopping.signal)
      }
    }
  }

  const running = run()
  return {
    get delivered() {
      return delivered
    },
    stop() {
      stopping.abort()
      return running
    },
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    signal.addEventListener('abort', end, { once: true })
  })
}

export interface HttpSenderOptions {
  /** Body of one request for a batch. */
  body: (records: readonly AuditRecord[]) => string
  contentType: string
  /** As `{ authorization: 'Splunk …' }`. */
  headers?: Readonly<Record<string, string>>
  /** Default 10,000. */
  timeoutMs?: number
}

/** Sends batches by POST; any answer but 2xx counts as not received. No redirects are followed. */
export function httpSender(url: string, options: HttpSenderOptions): DeliveryOptions['send'] {
  const { body, contentType, headers = {}, timeoutMs = 10_000 } = options
  return async (records) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': contentType },
      body: body(records),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    await response.body?.cancel()
    if (!response.ok) throw new Error(`the receiver answered ${response.status}`)
  }
}

/**
 * Appends batches to a file, each durable before the cursor moves on. The file is opened anew for each batch, so another
 * program may rename it at any time.
 */
export function fileSender(path: string, body: (records: readonly AuditRecord[]) => string): DeliveryOptions['send'] {
  return async (records) => {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(path, 'a+', 0o600)
    try {
      const { size } = await file.stat()
      const last = await file.read(Buffer.alloc(1), 0, 1, Math.max(size - 1, 0))
      // What a crash left unfinished comes again, on a line of its own.
      const isTorn = last.bytesRead === 1 && last.buffer[0] !== 10
      await file.appendFile(`${isTorn ? '\n' : ''}${body(records)}`)
      await file.datasync()
    } finally {
      await file.close()
    }
  }
}
