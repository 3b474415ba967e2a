import { hash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { type AuditReader, StoreDamagedError } from './audit-store.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import type { LogHead } from './log-head.ts'
import { createTreeEdge } from './merkle-tree.ts'
import { openReader, storeKind } from './open-store.ts'
import { firstPrevious } from './record-line.ts'
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

export interface IntactLog {
  intact: true
  records: number
  /** Hash of the newest record. */
  head: string
  /** Size of the newest checkpoint that was checked; later records are protected by the chain alone. */
  checkpointSize?: number
}

export interface DamagedLog {
  intact: false
  /** Records before the first bad one. */
  records: number
  /** The sequence that stands, or should stand, where the first problem is; 0 when it is not about a record. */
  firstBadSequence: number
  problem: string
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
    const head = await reader.rememberedHead()
    const found = await followChain(reader, head, stated.checkpoints)
    if (found.intact || found.contradicted === undefined)
      return found.intact ? found : bad(found.firstBadSequence, found.problem)
    const first = tileFolder === undefined ? 1 : await firstUnlikeTiles(reader, tileFolder, found.contradicted)
    return bad(
      first,
      `the first ${found.contradicted} records are not those of the signed checkpoint: the log was rewritten`,
    )
  } catch (error) {
    if (error instanceof StoreDamagedError) return bad(error.sequence, error.message)
    throw error
  } finally {
    await reader?.close()
  }
}

interface ChainFailure extends DamagedLog {
  /** Size of a checkpoint that the log does not lead to. */
  contradicted?: number
}

function bad(firstBadSequence: number, problem: string): DamagedLog {
  return { intact: false, records: Math.max(firstBadSequence - 1, 0), firstBadSequence, problem }
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

async function followChain(
  reader: AuditReader,
  head: LogHead | undefined,
  checkpoints: readonly Checkpoint[],
): Promise<IntactLog | ChainFailure> {
  const edge = checkpoints.length > 0 ? createTreeEdge() : undefined
  const stated = new Map<number, Buffer[]>()
  for (const { size, root } of checkpoints) stated.set(size, [...(stated.get(size) ?? []), root])
  const leads = (size: number) => (stated.get(size) ?? []).every((root) => edge?.root().equals(root))
  if (!leads(0)) return { ...bad(1, ''), contradicted: 0 }
  let headMatches = head === undefined || head.sequence === 0
  let sequence = 0
  let previous = firstPrevious
  for await (const page of pagesOf(reader, () => sequence)) {
    if (page === 'unfinished') return bad(sequence + 1, 'the last record is unfinished')
    for (const line of page) {
      const result = checkLine(line, sequence + 1, previous)
      if ('problem' in result) return bad(sequence + 1, result.problem)
      sequence += 1
      previous = result.hash
      edge?.add(Buffer.from(previous, 'base64url'))
      if (head?.sequence === sequence) headMatches = head.hash === previous
      if (stated.has(sequence) && !leads(sequence)) return { ...bad(1, ''), contradicted: sequence }
    }
  }
  const written = Math.max(head?.sequence ?? 0, ...stated.keys())
  if (written > sequence) return bad(sequence + 1, `the log ends here, but ${written} records were written`)
  if (!headMatches) return bad(head?.sequence ?? 0, 'the record is not the one that was written under this number')
  const intact = { intact: true, records: sequence, head: previous } as const
  return stated.size === 0 ? intact : { ...intact, checkpointSize: Math.max(...stated.keys()) }
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
      if (leaf.toString('base64url') !== line.toString('latin1', hashMember.length, hashMember.length + 43))
        return sequence
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

const hashMember = Buffer.from('{"hash":"')
const restOffset = hashMember.length + 43 + 2

/** Works on the bytes as they are: text that is not UTF-8 must not be mended by decoding it. */
function checkLine(line: Buffer, sequence: number, previous: string): { hash: string } | { problem: string } {
  const starts = line.subarray(0, hashMember.length).equals(hashMember)
  if (!starts || line.toString('latin1', restOffset - 2, restOffset) !== '",') return { problem: 'not a record' }
  const stated = line.toString('latin1', hashMember.length, hashMember.length + 43)
  // The hash is over a zero byte and the record without its hash: those bytes stand where `",` stood.
  line[restOffset - 2] = 0
  line[restOffset - 1] = 0x7b
  if (hash('sha256', line.subarray(restOffset - 2), 'base64url') !== stated) {
    return { problem: 'the record was changed: its hash does not match' }
  }
  const place = `"sequence":${sequence},"previous":"${previous}",`
  if (line.toString('latin1', restOffset, restOffset + place.length) === place) return { hash: stated }
  return { problem: placeProblem(line.toString('latin1', restOffset, restOffset + 200), sequence) }
}

function placeProblem(text: string, expected: number): string {
  const found = /^"sequence":(\d+),/.exec(text)?.[1]
  if (found === String(expected)) {
    return 'the record does not follow the one before it: that one, or this one, was rewritten'
  }
  return `record ${found ?? 'without a sequence'} stands where record ${expected} is expected`
}
