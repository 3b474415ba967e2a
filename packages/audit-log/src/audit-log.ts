import { AuditLogError, AuditUnavailableError } from './audit-errors.ts'
import type { AuditEvent, AuditRecord } from './audit-event.ts'
import { type Checkpointer, startCheckpointer } from './checkpointer.ts'
import { createGroupCommit } from './group-commit.ts'
import { type LogFile, type OpenFile, openLogFile, writeFully } from './log-file.ts'
import { createHeadKeeper, type LogHead, readHead, writeHead } from './log-head.ts'
import { endOfLastLine, linesBackward } from './log-lines.ts'
import { type AuditQuery, queryLog } from './query-log.ts'
import { firstPrevious, hashBody, parseRecordLine, recordBody, writeRecordLine } from './record-line.ts'
import { readStatedCheckpoint } from './tile-folder.ts'
import { lockForWriting } from './writer-lock.ts'

export interface AuditLogOptions {
  /** The log's file, by habit `audit.jsonl`. `<path>.head` and `<path>.lock` are kept beside it. */
  path: string
  /** Seconds since the epoch, for events without a time. Default: the system's clock. */
  clock?: () => number
  /**
   * Ed25519 key in PKCS #8 PEM that signs checkpoints; made when it is not there. Checkpoints and the tiles of the
   * Merkle tree are kept in `<path>.tiles`. Left out: none are made.
   */
  signingKeyFile?: string
  /** Name of the log in its checkpoints, no spaces and no plus sign. Default `mcp-identity/audit`. */
  origin?: string
  /** How long a record may wait for a checkpoint. Default 1,000. */
  checkpointIntervalMs?: number
  /** Told when a checkpoint could not be made; the log itself goes on. Default: a warning of the process. */
  onCheckpointProblem?: (problem: string) => void
  /** Events that may wait to be written; beyond it `append` rejects. Default 20,000. */
  maxWaiting?: number
  /** Default: the file system. */
  openFile?: OpenFile
}

/** What opening found to repair: the bytes of a record that a crash left unfinished, never one that was answered. */
export interface LogRecovery {
  tornBytes: number
}

export interface AuditLog {
  /**
   * Appends an event and resolves when it is durable (fdatasync). Events that wait at the same time share one.
   *
   * @throws {AuditUnavailableError} It could not be made durable. A later call tries anew, by itself.
   */
  append(event: AuditEvent): Promise<AuditRecord>
  /** Records in ascending order of sequence. */
  query(query?: AuditQuery): Promise<AuditRecord[]>
  /** Sequence of the newest durable record, 0 when there is none. */
  readonly sequence: number
  readonly recovery: LogRecovery
  /**
   * Signs a checkpoint of what is durable now and returns it, to be kept where who can change the log cannot reach it.
   *
   * @throws {Error} The log has no signing key, or the checkpoint could not be made.
   */
  checkpoint(): Promise<string>
  /** Waits for what was appended, then lets go of the file. */
  close(): Promise<void>
}

/**
 * Opens the log for writing, and creates it when it is not there. One writer at a time.
 *
 * What a crash left unfinished at the end is removed; it had not been answered. The chain before it is not verified
 * here, only its newest record (see `verifyAuditLog`).
 *
 * @throws {AuditLogError} Another writer has the log, or its end was cut or damaged.
 */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const { path, clock = () => Date.now() / 1000, openFile = openLogFile, maxWaiting = 20_000 } = options
  const folderMade = await openFile(path)
  await folderMade.close()
  const unlock = lockForWriting(path)
  const opened: LogFile[] = []
  try {
    const open = async (name: string) => {
      const file = await openFile(name)
      opened.push(file)
      return file
    }
    const file = await open(path)
    const headFile = await open(`${path}.head`)
    const start = await recover(path, file, headFile)
    return createLog({ file, headFile, unlock, clock, maxWaiting, checkpointer: checkpointerOf(options), ...start })
  } catch (cause) {
    await Promise.all(opened.map((file) => file.close()))
    unlock()
    throw cause
  }
}

function checkpointerOf(options: AuditLogOptions): Checkpointer | undefined {
  const { path, signingKeyFile, origin = 'mcp-identity/audit', checkpointIntervalMs = 1000 } = options
  if (signingKeyFile === undefined) return undefined
  const onProblem = options.onCheckpointProblem ?? ((problem) => process.emitWarning(`audit checkpoint: ${problem}`))
  return startCheckpointer({
    logPath: path,
    keyFile: signingKeyFile,
    origin,
    intervalMs: checkpointIntervalMs,
    onProblem,
  })
}

interface LogParts {
  checkpointer: Checkpointer | undefined
  file: LogFile
  headFile: LogFile
  unlock: () => void
  clock: () => number
  maxWaiting: number
  head: LogHead
  end: number
  recovery: LogRecovery
}

function createLog(parts: LogParts): AuditLog {
  const { file, headFile, unlock, clock, recovery, checkpointer } = parts
  let { head, end } = parts
  const headKeeper = createHeadKeeper(headFile)
  let closing: Promise<void> | undefined
  /** After a failed write the file may hold more than `end`; nothing is written until that is cut off again. */
  let damaged = false

  async function commit(events: AuditEvent[]): Promise<AuditRecord[]> {
    try {
      if (damaged) {
        await file.truncate(end)
        await file.datasync()
        damaged = false
      }
      const batch = writeBatch(events, head, clock)
      damaged = true
      await writeFully(file, batch.bytes, end)
      await file.datasync()
      damaged = false
      head = batch.head
      end += batch.bytes.length
      headKeeper.keep(head)
      checkpointer?.grown(end)
      return batch.records
    } catch (cause) {
      throw new AuditUnavailableError('the audit log cannot be written', { cause })
    }
  }

  const group = createGroupCommit(commit, {
    items: 2000,
    waiting: parts.maxWaiting,
    overload: () => new AuditUnavailableError('too many events wait for the audit log'),
  })

  async function close(): Promise<void> {
    await group.idle()
    await checkpointer?.close(end)
    await headKeeper.idle()
    await Promise.all([file.close(), headFile.close()])
    unlock()
  }

  return {
    append(event) {
      if (closing !== undefined) return Promise.reject(new AuditUnavailableError('the audit log is closed'))
      return group.add(event)
    },
    query: (query = {}) => queryLog(file, end, query),
    get sequence() {
      return head.sequence
    },
    recovery,
    checkpoint() {
      if (checkpointer === undefined) return Promise.reject(new Error('the audit log has no signing key'))
      return checkpointer.now(end)
    },
    close() {
      closing ??= close()
      return closing
    },
  }
}

function writeBatch(events: AuditEvent[], head: LogHead, clock: () => number) {
  const records: AuditRecord[] = []
  let { sequence, hash } = head
  let text = ''
  for (const given of events) {
    const event = given.time === undefined ? { time: isoTime(clock), ...given } : { ...given, time: given.time }
    const previous = hash
    const written = writeRecordLine(++sequence, previous, event)
    hash = written.hash
    text += `${written.line}\n`
    records.push({ hash, sequence, previous, event })
  }
  return { records, bytes: Buffer.from(text), head: { sequence, hash } }
}

function isoTime(clock: () => number): string {
  return new Date(clock() * 1000).toISOString()
}

/** Cuts off an unfinished line, and finds the record to go on from. */
async function recover(path: string, file: LogFile, headFile: LogFile) {
  const { size } = await file.stat()
  const end = await endOfLastLine(file, size)
  if (end < size) {
    await file.truncate(end)
    await file.datasync()
  }
  const known = await readHead(headFile)
  const head = await newestRecord(path, file, end)
  const written = Math.max(known?.sequence ?? 0, readStatedCheckpoint(path)?.size ?? 0)
  if (written > head.sequence) {
    throw new AuditLogError(`${path} ends at record ${head.sequence}, but ${written} were written`)
  }
  await writeHead(headFile, head)
  return { head, end, recovery: { tornBytes: size - end } }
}

async function newestRecord(path: string, file: LogFile, end: number): Promise<LogHead> {
  for await (const { bytes } of linesBackward(file, end)) {
    const line = bytes.toString('utf8')
    const found = recordBody(line)
    if (found === undefined || hashBody(found.body) !== found.hash) {
      throw new AuditLogError(`the newest record of ${path} was changed; run the verifier`)
    }
    return { sequence: parseRecordLine(line).sequence, hash: found.hash }
  }
  return { sequence: 0, hash: firstPrevious }
}

/** Reads a log without opening it for writing, for a console or a report beside the writer. */
export async function queryAuditLog(path: string, query: AuditQuery = {}): Promise<AuditRecord[]> {
  const file = await openLogFile(path)
  try {
    const { size } = await file.stat()
    return await queryLog(file, size, query)
  } finally {
    await file.close()
  }
}
