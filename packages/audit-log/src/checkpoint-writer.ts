import { existsSync, readFileSync } from 'node:fs'
import type { AuditReader } from './audit-store.ts'
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts'
import { proveInclusion } from './inclusion-proof.ts'
import { openReader } from './open-store.ts'
import { type NoteSigner, openNote, openNoteSigner } from './signed-note.ts'
import { tileFolderFiles } from './tile-folder.ts'
import { openTileTree, type TileTree, tileHashReader } from './tile-tree.ts'
import { writeDurably } from './write-durably.ts'

/** Builds the tree over a log's records and signs its root. */
export interface CheckpointWriter {
  /** Public half of the key, as {@link NoteSigner.verifierKey}. */
  readonly verifierKey: string
  /**
   * Brings the tree up to the first `size` records, signs it, and returns the note; the newest one when that covers
   * as many already.
   */
  write(size: number): Promise<string>
  /**
   * Proof that a record is under the newest checkpoint, and that checkpoint.
   *
   * @throws {RangeError} It is not: the record is newer, or there is none.
   */
  prove(sequence: number): Promise<{ note: string; proof: Buffer[] }>
  close(): Promise<void>
}

export interface CheckpointWriterOptions {
  /** Of the log, as for `openAuditLog`. */
  path: string
  tileFolder: string
  keyFile: string
  origin: string
}

const hashStart = '{"hash":"'.length

/**
 * Opens the tree beside a log, at its newest checkpoint, or anew when there is none.
 *
 * @throws {Error} The checkpoint was signed with another key, or the tiles do not lead to the root that it states.
 */
export async function openCheckpointWriter(options: CheckpointWriterOptions): Promise<CheckpointWriter> {
  const { path, tileFolder, keyFile, origin } = options
  const signer = await openNoteSigner(keyFile, origin)
  const files = tileFolderFiles(tileFolder)
  let newest = existsSync(files.checkpoint) ? readNewest(files.checkpoint, signer) : undefined
  // Where a write fails the tree keeps what is not on the disk yet, and the next attempt writes it.
  const tree = await openTree(tileFolder, newest)
  const reader = await openReader(path)
  await writeDurably(files.key, `${signer.verifierKey}\n`)
  return {
    verifierKey: signer.verifierKey,
    async write(size) {
      if (newest !== undefined && size <= newest.size) return newest.note
      await addRecords(tree, reader, size)
      await tree.flush()
      const checkpoint = { origin, size: tree.size, root: tree.root() }
      const note = signer.sign(formatCheckpoint(checkpoint))
      await writeDurably(files.checkpoint, note)
      newest = { ...checkpoint, note }
      await tree.removeOutdated()
      return note
    },
    async prove(sequence) {
      const { note, size } = newest ?? { note: '', size: 0 }
      return { note, proof: await proveInclusion(sequence - 1, size, tileHashReader(tileFolder, size)) }
    },
    close: () => reader.close(),
  }
}

type SignedCheckpoint = Checkpoint & { note: string }

function readNewest(file: string, { verifierKey }: NoteSigner): SignedCheckpoint {
  const note = readFileSync(file, 'utf8')
  return { ...parseCheckpoint(openNote(note, verifierKey)), note }
}

async function openTree(folder: string, newest: Checkpoint | undefined): Promise<TileTree> {
  if (newest === undefined) return openTileTree(folder, 0)
  const tree = await openTileTree(folder, newest.size)
  if (!tree.root().equals(newest.root)) throw new Error(`the tiles in ${folder} do not lead to the signed root`)
  return tree
}

/** Only what is durable counts: records beyond `size` may still be taken back. */
async function addRecords(tree: TileTree, reader: AuditReader, size: number): Promise<void> {
  if (tree.size >= size) return
  for await (const page of reader.forward(tree.size)) {
    if (page === 'unfinished') return
    const hashes = page.map((bytes) => Buffer.from(bytes.toString('latin1', hashStart, hashStart + 43), 'base64url'))
    await tree.add(hashes.slice(0, size - tree.size))
    if (tree.size >= size) return
  }
}
