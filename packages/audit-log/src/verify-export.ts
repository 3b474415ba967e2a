import { open } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import type { AuditEvent } from './audit-event.ts'
import { bad, createChainCheck, type DamagedLog } from './chain-check.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { type ExportEnd, type ExportedLog, type ExportedRecord, exportLine, linePrefix } from './export/log-export.ts'
import type { LogFile } from './log-file.ts'
import { endOfLastLine, linesBackward, linesForward, type StoredLine } from './log-lines.ts'
import { personalMembers } from './personal-data.ts'
import { openNote } from './signed-note.ts'
import type { AuditVerification } from './verify-audit-log.ts'

export interface VerifyExportOptions {
  /**
   * Public keys of all logs that must be in the export, `name+hash+key`, from somewhere that who can change the export
   * cannot change. Default: the keys in the export, which tell nothing of one that was written anew as a whole.
   */
  verifierKeys?: readonly string[]
  /** Signed checkpoints that were kept elsewhere; the logs must still lead to them. */
  checkpoints?: readonly string[]
}

export type ExportedLogVerification = AuditVerification & {
  log: string
  /** Line of the export where the first problem is; left out where it is about none. */
  line?: number
  /** Records that show personal members as they were opened: no hash covers these. */
  opened: number
}

export interface ExportVerification {
  intact: boolean
  /** Each log that the export states. */
  logs: ExportedLogVerification[]
  /** About the export as a whole. */
  problems: string[]
}

/**
 * Checks logs that were exported together as lines, each by its own chain and its own checkpoint: that no record was
 * changed, removed, inserted, moved or given to another log, and that no end is missing.
 *
 * That a log is missing with all that the export states of it, only its key tells.
 *
 * @throws {Error} The file cannot be read, or a log was exported from a later record on.
 */
export async function verifyExport(path: string, options: VerifyExportOptions = {}): Promise<ExportVerification> {
  const file = await open(path, 'r')
  try {
    const end = await lastLine(file)
    const stated = end && readEnd(end.bytes.toString('utf8'))
    if (stated === undefined) return { intact: false, logs: [], problems: [noEnd] }
    const { logs, problems } = startChecks(stated, options)
    await followLines(linesForward(file, 0, end?.offset ?? 0), logs, problems)
    const results = logs.map((log) => log.end())
    return { intact: problems.length === 0 && results.every(({ intact }) => intact), logs: results, problems }
  } finally {
    await file.close()
  }
}

const noEnd = 'the export was cut: it does not end with what it states of its logs'

async function lastLine(file: LogFile): Promise<StoredLine | undefined> {
  const { size } = await file.stat()
  if ((await endOfLastLine(file, size)) < size) return undefined
  for await (const line of linesBackward(file, size)) return line
  return undefined
}

/** Undefined where the text is no end of an export. */
function readEnd(text: string): ExportEnd | undefined {
  try {
    const { logs, unread } = JSON.parse(text) as ExportEnd
    const end = { logs: logs.map(readStatement), ...(unread && { unread: unread.map(readUnread) }) }
    const isWritten = JSON.stringify(end) === text
    return isWritten && new Set(logs.map(({ log }) => log)).size === logs.length ? end : undefined
  } catch {
    return undefined
  }
}

function readStatement({ log, records, head, after, checkpoint, verifierKey }: ExportedLog): ExportedLog {
  if (!Number.isSafeInteger(records) || typeof head !== 'string') throw new TypeError('not a statement')
  return {
    log: String(log),
    records,
    head,
    ...(after !== undefined && { after }),
    ...(checkpoint !== undefined && { checkpoint, verifierKey: String(verifierKey) }),
  }
}

function readUnread({ log, problem }: NonNullable<ExportEnd['unread']>[number]) {
  return { log, problem: String(problem) }
}

interface ExportedLogCheck {
  readonly log: string
  take(line: Buffer, number: number): void
  end(): ExportedLogVerification
}

function startChecks(
  { logs: stated, unread = [] }: ExportEnd,
  { verifierKeys, checkpoints = [] }: VerifyExportOptions,
) {
  const partial = stated.find(({ after }) => after !== undefined)
  if (partial !== undefined)
    throw new Error(`${partial.log} was exported after record ${partial.after}; export it without --after to verify it`)
  const signers = stated.map(({ checkpoint, verifierKey = '' }) =>
    (verifierKeys ?? [verifierKey]).find((key) => opens(checkpoint, key)),
  )
  const problems = [
    ...unread.map(({ log, problem }) => `the records of ${log ?? 'others'} are missing: ${problem}`),
    ...(verifierKeys ?? [])
      .filter((key) => !signers.includes(key))
      .map((key) => `no log here is signed with the key of ${nameOf(key)}`),
  ]
  const kept = checkpoints.map((note) => signers.findIndex((key) => key !== undefined && opens(note, key)))
  for (const [index, note] of checkpoints.entries())
    if (kept[index] === -1) problems.push(`a checkpoint that was kept is of no log here: ${note.split('\n')[0]}`)
  const logs = stated.map((statement, index) => {
    const notes = checkpoints.filter((_, note) => kept[note] === index)
    return checkExported(statement, signers[index], notes, verifierKeys !== undefined)
  })
  return { logs, problems }
}

const nameOf = (verifierKey: string): string => verifierKey.split('+')[0] ?? ''

function opens(note: string | undefined, key: string): boolean {
  try {
    return note !== undefined && openNote(note, key) !== ''
  } catch {
    return false
  }
}

function checkExported(
  { log, records, head, checkpoint }: ExportedLog,
  key: string | undefined,
  kept: readonly string[],
  mustBeSigned: boolean,
): ExportedLogCheck {
  const notes = checkpoint === undefined ? kept : [checkpoint, ...kept]
  const stated = key === undefined ? [] : notes.map((note): Checkpoint => parseCheckpoint(openNote(note, key)))
  const check = createChainCheck({ sequence: records, hash: head }, stated)
  const prefixLength = Buffer.byteLength(linePrefix(log))
  let opened = 0
  let failure: (DamagedLog & { line?: number }) | undefined
  if (checkpoint !== undefined && key === undefined)
    failure = bad(0, `its checkpoint is not signed with ${mustBeSigned ? 'a key that was given' : 'its key'}`)
  if (checkpoint === undefined && mustBeSigned) failure = bad(0, 'there is no checkpoint')
  return {
    log,
    take(line, number) {
      if (failure !== undefined) return
      const { text, isOpened } = storedLine(line, prefixLength)
      if (isOpened) opened += 1
      const found = text === undefined ? bad(check.sequence + 1, unlikeStored) : check.add(text)
      if (found !== undefined) failure = { ...found, line: number }
    },
    end: () => ({ log, ...(failure ?? check.end()), opened }),
  }
}

const unlikeStored = 'what is shown of the record is not what was stored'

/** The line as it is in its log; without text where what it shows beside that contradicts it. */
function storedLine(line: Buffer, prefixLength: number): { text?: Buffer; isOpened: boolean } {
  const record = line.includes(',"storedEvent":') ? parsed(line) : undefined
  if (record?.storedEvent === undefined) {
    // The last byte of the prefix is the comma behind the name.
    line[prefixLength - 1] = 0x7b
    return { text: line.subarray(prefixLength - 1), isOpened: false }
  }
  const { storedEvent, ...shown } = record
  if (exportLine(record) !== line.toString('utf8') || !isOpenedOf(shown.event, storedEvent)) return { isOpened: true }
  const stored = Buffer.from(exportLine({ ...shown, event: storedEvent }))
  return { text: storedLine(stored, prefixLength).text ?? stored, isOpened: true }
}

function parsed(line: Buffer): ExportedRecord | undefined {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    return undefined
  }
}

/** Nothing was added but personal members, and nothing is another. */
function isOpenedOf(event: AuditEvent, { sealed: _sealed, ...stored }: AuditEvent): boolean {
  const isAdded = (name: string) => !Object.hasOwn(stored, name) && personalMembers.some((member) => member === name)
  return isDeepStrictEqual(Object.fromEntries(Object.entries(event).filter(([name]) => !isAdded(name))), stored)
}

async function followLines(
  lines: AsyncIterable<StoredLine>,
  logs: readonly ExportedLogCheck[],
  problems: string[],
): Promise<void> {
  const byPrefix = new Map(logs.map((log) => [linePrefix(log.log), log]))
  let number = 0
  let strange: number | undefined
  for await (const { bytes } of lines) {
    number += 1
    const log = byPrefix.get(bytes.toString('utf8', 0, bytes.indexOf(',"hash":"') + 1))
    log?.take(bytes, number)
    if (log === undefined) strange ??= number
  }
  if (strange !== undefined) problems.push(`line ${strange} is of no log that the export states at its end`)
}
