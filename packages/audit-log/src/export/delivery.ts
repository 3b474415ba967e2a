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
  /**
   * Hands records over; it resolves only when the receiver has them, or all but those that it says it refused.
   *
   * @throws {RefusedForGoodError} The receiver will never take this batch; anything else means: later, again.
   */
  send: (records: readonly AuditRecord[]) => Promise<Refusal | undefined>
  /** Records at once, 1 to 1,000. Default 500. */
  batchSize?: number
  /** How often to look for new records. Default 1,000. */
  intervalMs?: number
  /** Longest pause between attempts while the receiver is away. Default 60,000. */
  longestPauseMs?: number
  /** Told of each failed attempt. */
  onProblem?: (problem: unknown) => void
  /** Told of records that the receiver will never have, after they were noted in `<cursorFile>.refused`. */
  onRefused?: (refused: RefusedRecords) => void
  /** Waits; for tests. */
  wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/** Some of a batch were refused for good; the receiver has the others. */
export interface Refusal {
  refused: number
  reason: string
}

/** Records that a receiver refused for good, one line of `<cursorFile>.refused` as JSON. They stay in the log. */
export interface RefusedRecords extends Refusal {
  /** ISO instant. */
  time: string
  /** The refused ones are among these; a receiver that says only how many leaves open which. */
  firstSequence: number
  lastSequence: number
}

/** The receiver will never take what it was sent, however often it comes. */
export class RefusedForGoodError extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'RefusedForGoodError'
  }
}

export interface Delivery {
  /** Sequence up to which everything was delivered, or refused for good. */
  readonly delivered: number
  /** Ends it; what is under way is waited for. */
  stop(): Promise<void>
}

/**
 * Delivers a log to a receiver, in order, each record at least once: after a crash the last batch may come again
 * (`sequence` and `hash` tell). While the receiver is away the cursor stays where it is and pauses grow, twice each
 * time, up to `longestPauseMs`.
 *
 * A batch that is refused for good is halved until the one record is found that the receiver does not take; that one is
 * noted in `<cursorFile>.refused` and the others follow. Pauses grow with refusals in a row as well, so that a receiver
 * that is set up wrongly and refuses everything is passed over slowly.
 */
export function startDelivery(options: DeliveryOptions): Delivery {
  const { query, cursorFile, send, batchSize = 500, intervalMs = 1000, longestPauseMs = 60_000 } = options
  const { onProblem = () => {}, onRefused = () => {}, wait = pause } = options
  const stopping = new AbortController()
  let delivered = existsSync(cursorFile) ? Number(readFileSync(cursorFile, 'utf8')) : 0
  if (!Number.isSafeInteger(delivered) || delivered < 0) throw new TypeError(`${cursorFile} does not hold a sequence`)
  let limit = batchSize
  let refusedInARow = 0

  /** @returns Whether more records may wait. */
  async function deliverBatch(): Promise<boolean> {
    const records = await query({ afterSequence: delivered, limit })
    const last = records.at(-1)
    if (last === undefined) return false
    const isFull = records.length === limit
    try {
      const refusal = await send(records)
      if (refusal !== undefined) await setAside(records, refusal)
      refusedInARow = 0
      limit = Math.min(limit * 2, batchSize)
    } catch (problem) {
      if (!(problem instanceof RefusedForGoodError)) throw problem
      if (records.length > 1) {
        limit = Math.ceil(records.length / 2)
        return true
      }
      await setAside(records, { refused: 1, reason: problem.message })
      await wait(pauseAfter(refusedInARow++), stopping.signal)
    }
    await writeDurably(cursorFile, String(last.sequence), 0o600)
    delivered = last.sequence
    return isFull
  }

  async function setAside(records: readonly AuditRecord[], { refused, reason }: Refusal): Promise<void> {
    const [first] = records
    const last = records.at(-1)
    const noted: RefusedRecords = {
      time: new Date().toISOString(),
      firstSequence: first?.sequence ?? 0,
      lastSequence: last?.sequence ?? 0,
      refused,
      reason,
    }
    await appendDurably(`${cursorFile}.refused`, `${JSON.stringify(noted)}\n`)
    onRefused(noted)
  }

  const pauseAfter = (times: number): number => Math.min(intervalMs * 2 ** times, longestPauseMs)

  async function run(): Promise<void> {
    let failures = 0
    while (!stopping.signal.aborted) {
      try {
        const more = await deliverBatch()
        failures = 0
        if (!more) await wait(intervalMs, stopping.signal)
      } catch (problem) {
        onProblem(problem)
        await wait(pauseAfter(failures++), stopping.signal)
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
  /** Finds out from the body of a 2xx answer whether records were refused. Default: none were. */
  refusalIn?: (answer: string) => Refusal | undefined
  /** As `{ authorization: 'Splunk …' }`. */
  headers?: Readonly<Record<string, string>>
  /** Default 10,000. */
  timeoutMs?: number
}

/**
 * What is sent is at fault, and will be whenever it comes again. Other 4xx (401, 403, 404, 405, 415) are about this
 * sender's settings: the operator mends them and nothing may be lost meanwhile.
 */
const refusedForGood = [400, 413, 422]
/** An answer longer than this is not read for a refusal. */
const mostAnswerBytes = 1 << 16

/**
 * Sends batches by POST; any answer but 2xx counts as not received, and 400, 413 and 422 as refused for good. No
 * redirects are followed.
 */
export function httpSender(url: string, options: HttpSenderOptions): DeliveryOptions['send'] {
  const { body, contentType, refusalIn, headers = {}, timeoutMs = 10_000 } = options
  return async (records) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': contentType },
      body: body(records),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const problem = `the receiver answered ${response.status}`
    const answer = await readAnswer(response)
    if (refusedForGood.includes(response.status)) throw new RefusedForGoodError(problem)
    if (!response.ok) throw new Error(problem)
    return refusalIn?.(answer)
  }
}

async function readAnswer(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > mostAnswerBytes) return ''
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function appendDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'a', 0o600)
  try {
    await file.appendFile(text)
    await file.datasync()
  } finally {
    await file.close()
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
    return undefined
  }
}
