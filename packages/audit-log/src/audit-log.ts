import { AuditLogError, AuditUnavailableError } from './audit-errors.ts'
import type { AuditEvent, AuditRecord } from './audit-event.ts'
import type { AuditStore } from './audit-store.ts'
import { chainEvents, prepareEvent, type WaitingEvent } from './chain.ts'
import { type Checkpointer, startCheckpointer } from './checkpointer.ts'
import { createGroupCommit } from './group-commit.ts'
import { openReader, openStore, storeKind } from './open-store.ts'
import type { PersonalDataVault } from './personal-data.ts'
import { type AuditQuery, queryLog } from './query-log.ts'
import type { RecordClaim } from './record-proof.ts'
import { defaultTileFolder, readStatedCheckpoint } from './tile-folder.ts'

export interface AuditLogOptions {
  /**
   * Where the log is: a SQLite database, by habit `audit.db`; a file of JSON lines, `audit.jsonl`; or
   * `postgres://user@host/database`. See `storeKind`.
   */
  path: string
  /** Seconds since the epoch, for events without a time. Default: the system's clock. */
  clock?: () => number
  /**
   * Ed25519 key in PKCS #8 PEM that signs checkpoints; made when it is not there. Checkpoints and the tiles of the
   * Merkle tree are kept in `tileFolder`. Left out: none are made.
   */
  signingKeyFile?: string
  /** Default `<path>.tiles`; a log in PostgreSQL needs one to be named. */
  tileFolder?: string
  /** Name of the log in its checkpoints, no spaces and no plus sign. Default `mcp-identity/audit`. */
  origin?: string
  /** How long a record may wait for a checkpoint. Default 1,000. */
  checkpointIntervalMs?: number
  /** Told when a checkpoint could not be made; the log itself goes on. Default: a warning of the process. */
  onCheckpointProblem?: (problem: string) => void
  /** Encrypts personal members before they are written. Left out: they are written as they are. */
  personalData?: PersonalDataVault
  /** Events that may wait to be written; beyond it `append` rejects. Default 20,000. */
  maxWaiting?: number
}

/** What opening found to repair: the bytes of a record that a crash left unfinished, never one that was answered. */
export interface LogRecovery {
  tornBytes: number
}

export interface AuditLog {
  /**
   * Appends an event and resolves when it is durable. Events that wait at the same time share one commit.
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
  /** Public key that its checkpoints are signed with, `name+hash+key` (C2SP signed-note). @throws {Error} As above. */
  verifierKey(): Promise<string>
  /**
   * One record as it is stored, with all that shows that it is in the log under a signed checkpoint: the newest one,
   * or a new one when that was made before the record.
   *
   * @throws {RangeError} There is no record of this sequence.
   * @throws {Error} The log has no signing key, or the checkpoint could not be made.
   */
  prove(sequence: number): Promise<RecordClaim>
  /** Waits for what was appended, then lets go of the store. */
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
  const tileFolder =
    options.tileFolder ?? (storeKind(options.path) === 'postgres' ? undefined : defaultTileFolder(options.path))
  if (tileFolder === undefined && options.signingKeyFile !== undefined) {
    throw new TypeError('a log in PostgreSQL needs a tileFolder for its checkpoints')
  }
  return createAuditLog(await openStore(options.path), { ...options, ...(tileFolder && { tileFolder }) })
}

/** Makes a log of an open store, which it closes; also if the store's end was cut. */
export async function createAuditLog(store: AuditStore, options: AuditLogOptions): Promise<AuditLog> {
  try {
    const written = Math.max((await store.rememberedHead())?.sequence ?? 0, statedSize(options.tileFolder))
    if (written > store.head.sequence) {
      throw new AuditLogError(`the log ends at record ${store.head.sequence}, but ${written} were written`)
    }
    return createLog(store, options, await checkpointerOf(options))
  } catch (cause) {
    await store.close()
    throw cause
  }
}

function statedSize(tileFolder: string | undefined): number {
  return tileFolder === undefined ? 0 : (readStatedCheckpoint(tileFolder)?.size ?? 0)
}

async function checkpointerOf(options: AuditLogOptions): Promise<Checkpointer | undefined> {
  const { path, tileFolder, signingKeyFile, origin = 'mcp-identity/audit', checkpointIntervalMs = 1000 } = options
  if (signingKeyFile === undefined || tileFolder === undefined) return undefined
  const onProblem = options.onCheckpointProblem ?? ((problem) => process.emitWarning(`audit checkpoint: ${problem}`))
  return startCheckpointer({
    path,
    tileFolder,
    keyFile: signingKeyFile,
    origin,
    intervalMs: checkpointIntervalMs,
    onProblem,
  })
}

function createLog(store: AuditStore, options: AuditLogOptions, checkpointer: Checkpointer | undefined): AuditLog {
  const { clock = () => Date.now() / 1000, maxWaiting = 20_000, personalData } = options
  let closing: Promise<void> | undefined

  /** What the next group follows: the newest record, or the last of a group that is under way. */
  let end = store.head
  let groupsUnderWay = 0

  function prepare(event: AuditEvent): WaitingEvent {
    try {
      return prepareEvent(event, clock, personalData)
    } catch (cause) {
      throw unavailable(cause)
    }
  }

  async function commit(events: readonly WaitingEvent[]): Promise<AuditRecord[]> {
    const { records, lines, head } = chainEvents(groupsUnderWay === 0 ? store.head : end, events)
    end = head
    groupsUnderWay += 1
    try {
      // On the disk before anything that is encrypted with them.
      personalData?.keepKeys()
      await store.append(lines, head)
    } catch (cause) {
      throw unavailable(cause)
    } finally {
      groupsUnderWay -= 1
    }
    checkpointer?.grown(head.sequence)
    return records
  }

  const group = createGroupCommit<AuditEvent, WaitingEvent, AuditRecord>(
    { prepare, commit },
    {
      items: 2000,
      groups: store.groupsAtOnce,
      waiting: maxWaiting,
      overload: () => new AuditUnavailableError('too many events wait for the audit log'),
    },
  )

  function signing(): Checkpointer {
    if (checkpointer === undefined) throw new Error('the audit log has no signing key')
    return checkpointer
  }

  async function close(): Promise<void> {
    await group.idle()
    await checkpointer?.close(store.head.sequence)
    await store.close()
  }

  return {
    append(event) {
      if (closing !== undefined) return Promise.reject(new AuditUnavailableError('the audit log is closed'))
      return group.add(event)
    },
    query: (query = {}) => queryLog(store, query, personalData),
    get sequence() {
      return store.head.sequence
    },
    recovery: { tornBytes: store.tornBytes },
    checkpoint: async () => (await signing().now(store.head.sequence)).note,
    verifierKey: async () => (await signing().now(store.head.sequence)).verifierKey,
    async prove(sequence) {
      const size = store.head.sequence
      if (!(Number.isSafeInteger(sequence) && sequence >= 1 && sequence <= size)) {
        throw new RangeError(`there is no record ${sequence}; the newest is ${size}`)
      }
      const { note, verifierKey, proof } = await signing().prove(sequence, size)
      return { line: await lineOf(store, sequence), proof, checkpoint: note, verifierKey }
    },
    close() {
      closing ??= close()
      return closing
    },
  }
}

async function lineOf(store: AuditStore, sequence: number): Promise<string> {
  for await (const page of store.forward(sequence - 1)) {
    if (page !== 'unfinished' && page[0] !== undefined) return page[0].toString('utf8')
  }
  throw new RangeError(`record ${sequence} is not where it should be`)
}

function unavailable(cause: unknown): AuditUnavailableError {
  return new AuditUnavailableError('the audit log cannot be written', { cause })
}

/** Reads a log without opening it for writing, for a console or a report beside the writer. */
export async function queryAuditLog(
  path: string,
  query: AuditQuery = {},
  personalData?: Pick<PersonalDataVault, 'open'>,
): Promise<AuditRecord[]> {
  const reader = await openReader(path)
  try {
    return await queryLog(reader, query, personalData)
  } finally {
    await reader.close()
  }
}
