import { type AuditRecord, byTime } from '../../api/audit-record.ts'
import { type AuditLine, callKey } from './calls.ts'

/**
 * The lines of a log that grows at both ends: new records in front, older pages behind. Says the same as `foldCalls`
 * over all of them, but each record is looked at once, so that a hundred thousand lines cost no more than the few that
 * came last.
 */
export interface CallList {
  /** Takes in newer records, the newest first. Those that it has already are left out. */
  addNewer(newestFirst: readonly AuditRecord[]): void
  /** Takes in older records, the newest first. Those that it has already are left out. */
  addOlder(newestFirst: readonly AuditRecord[]): void
  /** Every line, the newest first. The same array until something changes. */
  lines(): readonly AuditLine[]
}

/** Where a line is. Lines of a chunk keep their places; one that was joined to another leaves a hole. */
interface Place {
  chunk: (AuditLine | undefined)[]
  index: number
}

/** @param isShown Says which records belong to the list. Only these become lines. */
export function createCallList(isShown: (record: AuditRecord) => boolean): CallList {
  const chunks: Place['chunk'][] = []
  const decisions = new Map<string, Place>()
  const loneEndings = new Map<string, Place>()
  /** How much of each log is known: what lies between is, too. */
  const known = new Map<string, { newest: number; oldest: number }>()
  let all: readonly AuditLine[] | undefined = []

  function place(record: AuditRecord, chunk: Place['chunk']): void {
    const key = callKey(record)
    const { phase } = record.event
    if (key === undefined) {
      chunk.push({ record, ending: undefined })
    } else if (phase === 'outcome') {
      placeEnding(record, key, chunk)
    } else {
      chunk.push({ record, ending: takeLoneEnding(key) })
      decisions.set(key, { chunk, index: chunk.length - 1 })
    }
  }

  function placeEnding(record: AuditRecord, key: string, chunk: Place['chunk']): void {
    const decision = decisions.get(key)
    const line = decision?.chunk[decision.index]
    if (decision !== undefined && line !== undefined) {
      decision.chunk[decision.index] = { ...line, ending: record }
      return
    }
    chunk.push({ record, ending: undefined })
    loneEndings.set(key, { chunk, index: chunk.length - 1 })
  }

  function takeLoneEnding(key: string): AuditRecord | undefined {
    const lone = loneEndings.get(key)
    const ending = lone?.chunk[lone.index]?.record
    if (lone === undefined) return undefined
    lone.chunk[lone.index] = undefined
    loneEndings.delete(key)
    return ending
  }

  function add(records: readonly AuditRecord[]): Place['chunk'] {
    const chunk: Place['chunk'] = []
    for (const record of records) {
      const { newest, oldest } = known.get(record.log) ?? { newest: record.sequence, oldest: record.sequence }
      const { sequence } = record
      known.set(record.log, { newest: Math.max(newest, sequence), oldest: Math.min(oldest, sequence) })
      if (isShown(record)) place(record, chunk)
    }
    if (records.length > 0) all = undefined
    return chunk
  }

  /** The order of one log is its own; of several it is that of time. */
  function inOrder(lines: AuditLine[]): AuditLine[] {
    return known.size < 2 ? lines : lines.sort((one, other) => byTime(one.record, other.record))
  }

  return {
    addNewer(newestFirst) {
      const chunk = add(newestFirst.filter(({ log, sequence }) => sequence > (known.get(log)?.newest ?? 0)))
      if (chunk.length > 0) chunks.unshift(chunk)
    },
    addOlder(newestFirst) {
      const isOlder = ({ log, sequence }: AuditRecord) =>
        sequence < (known.get(log)?.oldest ?? Number.POSITIVE_INFINITY)
      const chunk = add(newestFirst.filter(isOlder))
      if (chunk.length > 0) chunks.push(chunk)
    },
    lines() {
      all ??= inOrder(chunks.flat().filter((line) => line !== undefined))
      return all
    },
  }
}
