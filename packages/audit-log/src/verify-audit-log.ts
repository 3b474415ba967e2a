import { hash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { createTreeEdge } from './merkle-tree.ts'
import { readLinesSync } from './read-lines-sync.ts'
import { firstPrevious } from './record-line.ts'
import { openNote } from './signed-note.ts'
import { tileFolder } from './tile-folder.ts'
import { tileWidth } from './tile-path.ts'
import { readLeafTile } from './tile-tree.ts'

export interface VerifyOptions {
  /**
   * Public key that signs the log's checkpoints, `name+hash+key`, from somewhere that who can change the log cannot
   * change. With it a checkpoint must be there. Default: the key beside the log, if any.
   */
  verifierKey?: string
  /** Signed checkpoints that were kept elsewhere; the log must still lead to each of them. */
  checkpoints?: readonly string[]
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
 * Checks a whole log: each record's bytes against its hash, its place in the chain and in the sequence, that the log
 * is as long as the newest record that was made durable (`<path>.head`), and that it leads to the roots that signed
 * checkpoints state.
 *
 * Reads only, with memory for one record, and trusts nothing that the writer keeps in memory. Who can change the log
 * and everything beside it can make a consistent other one: only a key and a checkpoint kept elsewhere tell.
 *
 * @throws {Error} The file cannot be read.
 */
export async function verifyAuditLog(path: string, options: VerifyOptions = {}): Promise<AuditVerification> {
  const claims = readClaims(path, options)
  if ('problem' in claims) return { intact: false, records: 0, firstBadSequence: 0, problem: claims.problem }
  const found = followChain(path, claims)
  if (found.intact || found.contradicted === undefined) return withoutInternals(found)
  const { contradicted } = found
  const first = await firstUnlikeTiles(path, contradicted)
  return {
    intact: false,
    records: first - 1,
    firstBadSequence: first,
    problem: `the first ${contradicted} records are not those of the signed checkpoint: the log was rewritten`,
  }
}

interface Claims {
  head: { sequence: number; hash: string } | undefined
  checkpoints: Checkpoint[]
}

interface ChainFailure extends DamagedLog {
  /** Size of a checkpoint that the log does not lead to. */
  contradicted?: number
}

function withoutInternals(found: IntactLog | ChainFailure): AuditVerification {
  if (found.intact) return found
  const { contradicted: _contradicted, ...rest } = found
  return rest
}

/** What others say about the log. Read before the log, so that what is written meanwhile does no harm. */
function readClaims(path: string, { verifierKey, checkpoints = [] }: VerifyOptions): Claims | { problem: string } {
  const places = tileFolder(path)
  const notes = [...checkpoints]
  if (existsSync(places.checkpoint)) notes.push(readFileSync(places.checkpoint, 'utf8'))
  const key = verifierKey ?? (existsSync(places.key) ? readFileSync(places.key, 'utf8') : undefined)
  if (key === undefined && notes.length > 0) return { problem: 'there is a checkpoint but no key to check it with' }
  if (verifierKey !== undefined && notes.length === 0) return { problem: 'there is no checkpoint' }
  try {
    return {
      head: readHeadText(`${path}.head`),
      checkpoints: notes.map((note) => parseCheckpoint(openNote(note, key ?? ''))),
    }
  } catch (error) {
    return { problem: `a checkpoint cannot be trusted: ${(error as Error).message}` }
  }
}

function followChain(path: string, { head, checkpoints }: Claims): IntactLog | ChainFailure {
  const edge = checkpoints.length > 0 ? createTreeEdge() : undefined
  const stated = new Map<number, Buffer[]>()
  for (const { size, root } of checkpoints) stated.set(size, [...(stated.get(size) ?? []), root])
  const leads = (size: number) => (stated.get(size) ?? []).every((root) => edge?.root().equals(root))
  let contradicted = leads(0) ? undefined : 0
  let headMatches = head === undefined || head.sequence === 0
  let sequence = 0
  let previous = firstPrevious
  let problem: string | undefined
  readLinesSync(path, (line) => {
    const result = checkLine(line, sequence + 1, previous)
    if ('problem' in result) {
      problem = result.problem
      return false
    }
    sequence += 1
    previous = result.hash
    edge?.add(Buffer.from(previous, 'base64url'))
    if (contradicted === undefined && stated.has(sequence) && !leads(sequence)) contradicted = sequence
    if (head?.sequence === sequence) headMatches = head.hash === previous
    return contradicted === undefined
  })
  const bad = (firstBadSequence: number, why: string): ChainFailure => ({
    intact: false,
    records: firstBadSequence - 1,
    firstBadSequence,
    problem: why,
  })
  if (contradicted !== undefined) return { ...bad(1, ''), contradicted }
  if (problem !== undefined) return bad(sequence + 1, problem)
  const written = Math.max(head?.sequence ?? 0, ...stated.keys())
  if (written > sequence) return bad(sequence + 1, `the log ends here, but ${written} records were written`)
  if (!headMatches) return bad(head?.sequence ?? 0, 'the record is not the one that was written under this number')
  const intact = { intact: true, records: sequence, head: previous } as const
  return stated.size === 0 ? intact : { ...intact, checkpointSize: Math.max(...stated.keys()) }
}

/** The first record whose hash is not the one in the tiles, where the tiles still tell; otherwise 1. */
async function firstUnlikeTiles(path: string, size: number): Promise<number> {
  const { folder } = tileFolder(path)
  const treeSize = statedSize(path) ?? size
  const hashes: string[] = []
  readLinesSync(path, (line) => {
    if (line !== 'unfinished') hashes.push(line.toString('latin1', hashMember.length, hashMember.length + 43))
    return hashes.length < size
  })
  for (let tile = 0; tile * tileWidth < size; tile++) {
    const leaves = await readLeafTile(folder, tile, treeSize).catch(() => [])
    const unlike = leaves.findIndex((leaf, index) => leaf.toString('base64url') !== hashes[tile * tileWidth + index])
    if (leaves.length === 0) return 1
    if (unlike !== -1) return tile * tileWidth + unlike + 1
  }
  return 1
}

function statedSize(path: string): number | undefined {
  try {
    return parseCheckpoint(readFileSync(tileFolder(path).checkpoint, 'utf8')).size
  } catch {
    return undefined
  }
}

const hashMember = Buffer.from('{"hash":"')
const restOffset = hashMember.length + 43 + 2

/** Works on the bytes as they are: text that is not UTF-8 must not be mended by decoding it. */
function checkLine(
  line: Buffer | 'unfinished',
  sequence: number,
  previous: string,
): { hash: string } | { problem: string } {
  if (line === 'unfinished') return { problem: 'the last record is unfinished' }
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

function readHeadText(path: string): { sequence: number; hash: string } | undefined {
  if (!existsSync(path)) return undefined
  const text = readFileSync(path, 'latin1')
  if (text === '') return undefined
  const match = /^(\d{16}) ([\w-]{43})\n$/.exec(text)
  return { sequence: Number(match?.[1] ?? Number.MAX_SAFE_INTEGER), hash: match?.[2] ?? '' }
}
