import { existsSync, readFileSync } from 'node:fs'
import { type AuditReader, StoreDamagedError } from './audit-store.ts'
import { bad, type ChainCheck, createChainCheck, type DamagedLog, type IntactLog, statedHash } from './chain-check.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { openReader, storeKind } from './open-store.ts'
import { openNote } from './signed-note.ts'
import { defaultTileFolder, readStatedCheckpoint, tileFolderFiles } from './tile-folder.ts'
import { tileWidth } from './tile-path.ts'
import { readLeafTile } from './tile-tree.ts'

export interface VerifyOptions {
  /**
   * Public key that signs the log's checkpoints, `name+hash+key`, from somewhere that who can change the log cannot
   * change. With it a checkpoint must be there. Default: the key beside the tiles, if any.
   */
  verifierKey?: string
  /** Signed checkpoints that were kept elsewhere; the log must still lead to each of them. */
  checkpoints?: readonly string[]
  /** Default `<path>.tiles`. */
  tileFolder?: string
}

export type AuditVerification = IntactLog | DamagedLog

/**
 * Checks a whole log, wherever it is stored: each record's bytes against its hash, its place in the chain and in the
 * sequence, that the log is as long as the newest record that was made durable, and that it leads to the roots that
 * signed checkpoints state.
 *
 * Reads only, with memory for a page of records, and trusts nothing that the writer keeps in memory. Who can change
 * the log and everything beside it can make a consistent other one: only a key and a checkpoint kept elsewhere tell.
 *
 * @throws {Error} There is no log, or it cannot be reached.
 */
export async function verifyAuditLog(path: string, options: VerifyOptions = {}): Promise<AuditVerification> {
  const tileFolder = options.tileFolder ?? (storeKind(path) === 'postgres' ? undefined : defaultTileFolder(path))
  // What others say about the log is read before it, so that what is written meanwhile does no harm.
  const stated = readCheckpoints(tileFolder, options)
  if ('problem' in stated) return bad(0, stated.problem)
  let reader: AuditReader | undefined
  try {
    reader = await openReader(path)
    const check = createChainCheck(await reader.rememberedHead(), stated.checkpoints)
    const found = await followChain(reader, check)
    if (found.intact || check.contradicted === undefined || tileFolder === undefined) return found
    return bad(await firstUnlikeTiles(reader, tileFolder, check.contradicted), found.problem)
  } catch (error) {
    if (error instanceof StoreDamagedError) return bad(error.sequence, error.message)
    throw error
  } finally {
    await reader?.close()
  }
}

function readCheckpoints(
  tileFolder: string | undefined,
  { verifierKey, checkpoints = [] }: VerifyOptions,
): { checkpoints: Checkpoint[] } | { problem: string } {
  const notes = [...checkpoints]
  const files = tileFolder === undefined ? undefined : tileFolderFiles(tileFolder)
  if (files !== undefined && existsSync(files.checkpoint)) notes.push(readFileSync(files.checkpoint, 'utf8'))
  const besideKey = files !== undefined && existsSync(files.key) ? readFileSync(files.key, 'utf8') : undefined
  const key = verifierKey ?? besideKey
  if (key === undefined && notes.length > 0) return { problem: 'there is a checkpoint but no key to check it with' }
  if (verifierKey !== undefined && notes.length === 0) return { problem: 'there is no checkpoint' }
  try {
    return { checkpoints: notes.map((note) => parseCheckpoint(openNote(note, key ?? ''))) }
  } catch (error) {
    return { problem: `a checkpoint cannot be trusted: ${(error as Error).message}` }
  }
}

async function followChain(reader: AuditReader, check: ChainCheck): Promise<IntactLog | DamagedLog> {
  for await (const page of pagesOf(reader, () => check.sequence)) {
    if (page === 'unfinished') return bad(check.sequence + 1, 'the last record is unfinished')
    for (const line of page) {
      const failure = check.add(line)
      if (failure !== undefined) return failure
    }
  }
  return check.end()
}

/** A page that cannot be read is about the record that it should have begun with. */
async function* pagesOf(reader: AuditReader, sequence: () => number) {
  try {
    yield* reader.forward(0)
  } catch (error) {
    if (!(error instanceof StoreDamagedError) || error.sequence !== 0) throw error
    throw new StoreDamagedError(sequence() + 1, error.message, { cause: error })
  }
}

/** The first record whose hash is not the one in the tiles, where the tiles still tell; otherwise 1. */
async function firstUnlikeTiles(reader: AuditReader, tileFolder: string, size: number): Promise<number> {
  const treeSize = statedSize(tileFolder) ?? size
  let leaves: Buffer[] = []
  let sequence = 0
  for await (const page of reader.forward(0)) {
    if (page === 'unfinished') break
    for (const line of page) {
      if (sequence >= size) return 1
      if (sequence % tileWidth === 0)
        leaves = await readLeafTile(tileFolder, sequence / tileWidth, treeSize).catch(() => [])
      const leaf = leaves[sequence % tileWidth]
      if (leaf === undefined) return 1
      sequence += 1
      if (leaf.toString('base64url') !== statedHash(line)) return sequence
    }
  }
  return 1
}

function statedSize(tileFolder: string): number | undefined {
  try {
    return readStatedCheckpoint(tileFolder)?.size
  } catch {
    return undefined
  }
}
