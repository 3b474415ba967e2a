import { existsSync, readFileSync } from 'node:fs'
import type { AuditEvent, AuditRecord } from '../audit-event.ts'
import { mergeByTime } from '../merge-by-time.ts'
import { eventText, firstPrevious } from '../record-line.ts'
import { tileFolderFiles } from '../tile-folder.ts'

/** A record, and the name of the log that it is in. */
export type ExportedRecord = AuditRecord & { log: string }

/** What the end of an export states of one log. */
export interface ExportedLog {
  log: string
  /** Sequence and hash of the newest record that was exported. */
  records: number
  head: string
  /** Only records after this one were exported. */
  after?: number
  /** Signed before its records were read, so of this size or a smaller one; only of a log that is signed. */
  checkpoint?: string
  verifierKey?: string
}

/** The last line of an export. */
export interface ExportEnd {
  logs: ExportedLog[]
  /** Logs that belong to the others and could not be read. Left out: none. */
  unread?: { log: string | null; problem: string }[]
}

/** A log to export. */
export interface LogSource {
  /** What it is called in the export; each another. */
  name: string
  pages: AsyncIterable<AuditRecord[]>
  /** Records before it are left out. */
  afterSequence: number
  /** Where its checkpoint and its key are. */
  tileFolder?: string
}

/**
 * Writes logs as one history in the order of time, which `verifyExport` verifies: a line for each record, as it is stored but
 * for the name of its log in front, `{"log":L,"hash":H,"sequence":N,"previous":P,"event":{…}}`, and one at the end,
 * `{"logs":[…]}`, an {@link ExportEnd}, that states for each log how far it goes and what was signed. Where personal members were opened,
 * `storedEvent` is what the hash is over.
 *
 * @throws {TypeError} Two logs have the same name.
 */
export async function* exportLogs(sources: readonly LogSource[]): AsyncGenerator<string> {
  const twice = sources.find(({ name }, index) => sources.findIndex((other) => other.name === name) < index)
  if (twice !== undefined) throw new TypeError(`${twice.name} is named twice`)
  const logs = new Map(sources.map((source) => [source.name, statementOf(source)]))
  for await (const records of mergeByTime(sources.map(namedPages))) {
    yield records.map((record) => `${exportLine(record)}\n`).join('')
    for (const { log, sequence, hash } of records) Object.assign(logs.get(log) ?? {}, { records: sequence, head: hash })
  }
  const end: ExportEnd = { logs: [...logs.values()] }
  yield `${JSON.stringify(end)}\n`
}

/** Begins with {@link linePrefix}. */
export function exportLine({
  log,
  hash,
  sequence,
  previous,
  event,
  storedEvent,
}: Omit<ExportedRecord, 'event'> & { event: AuditEvent }): string {
  const stored = storedEvent === undefined ? '' : `,"storedEvent":${eventText(storedEvent)}`
  const members = `"hash":"${hash}","sequence":${sequence},"previous":"${previous}"`
  return `${linePrefix(log)}${members},"event":${eventText(event)}${stored}}`
}

/** How each line of a log begins. */
export function linePrefix(log: string): string {
  return `{"log":${JSON.stringify(log)},`
}

async function* namedPages({ name, pages }: LogSource): AsyncGenerator<ExportedRecord[]> {
  for await (const records of pages) yield records.map((record) => ({ ...record, log: name }))
}

function statementOf({ name, afterSequence, tileFolder }: LogSource): ExportedLog {
  const statement = { log: name, records: 0, head: firstPrevious, ...(afterSequence > 0 && { after: afterSequence }) }
  if (tileFolder === undefined) return statement
  const { checkpoint, key } = tileFolderFiles(tileFolder)
  if (!existsSync(checkpoint) || !existsSync(key)) return statement
  return { ...statement, checkpoint: readFileSync(checkpoint, 'utf8'), verifierKey: readFileSync(key, 'utf8').trim() }
}
