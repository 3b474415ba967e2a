import type { LogHead } from './log-head.ts'

/** Records as they are stored, as bytes without the line feed. */
export type Page = readonly Buffer[]

/** Reads a log where it is stored, beside its writer or on another machine. */
export interface AuditReader {
  /** Records after a sequence, in order. A last one that is unfinished comes as `unfinished`. */
  forward(afterSequence: number): AsyncIterable<Page | 'unfinished'>
  /** All records, the newest first. */
  backward(): AsyncIterable<Page>
  /** Number and hash of the newest record as the store remembers them, apart from the records. */
  rememberedHead(): Promise<LogHead | undefined>
  close(): Promise<void>
}

/** Holds a log for its one writer. */
export interface AuditStore extends AuditReader {
  /** How many groups it is worth to hand over at a time: 2 where a thread of its own, or a server, writes them. */
  readonly groupsAtOnce: 1 | 2
  /** The newest durable record. */
  readonly head: LogHead
  /** Bytes of an unfinished record that opening removed. */
  readonly tornBytes: number
  /**
   * Makes records durable, all or none, and remembers the head. May be called while the call before is under way, and
   * rejects when that one fails or when the records do not follow the newest one in number. After an error the next
   * call begins by repairing what this one left behind.
   */
  append(lines: readonly string[], head: LogHead): Promise<void>
}

/** @throws {Error} So many records that end with `head` do not begin after `newest`: those between were not written. */
export function mustFollow(newest: number, records: number, head: LogHead): void {
  if (head.sequence - records !== newest) throw new Error('the records do not follow the newest one')
}

/** A record is not where the store says. `sequence` is the place in question. */
export class StoreDamagedError extends Error {
  readonly sequence: number

  constructor(sequence: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreDamagedError'
    this.sequence = sequence
  }
}
