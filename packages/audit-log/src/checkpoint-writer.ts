import { existsSync, readFileSync } from 'node:fs'
import type { AuditReader } from './audit-store.ts'
import { formatCheckpoint, parseCheckpoint } from './checkpoint.ts'
import { openReader } from './open-store.ts'
import { type NoteSigner, openNote, openNoteSigner } from './signed-note.ts'
import { tileFolderFiles } from './tile-folder.ts'
import { openTileTree, type TileTree } from './tile-tree.ts'
import { writeDurably } from './write-durably.ts'

/** Builds the tree over a log's records and signs its root. */
export interface CheckpointWriter {
  /** Brings the tree up to the first `size` records, signs it, and returns the note. */
  write(size: number): Promise<string>
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
  const tree = await openTree(tileFolder, files.checkpoint, signer)
  const reader = await openReader(path)
  await writeDurably(files.key, `${signer.verifierKey}\n`)
  return {
    async write(size) {
      await addRecords(tree, reader, size)
      await tree.flush()
      const note = signer.sign(formatCheckpoint({ origin, size: tree.size, root: tree.root() }))
      await writeDurably(files.checkpoint, note)
      await tree.removeOutdated()
      return note
    },
    close: () => reader.close(),
  }
}

async function openTree(folder: string, checkpointFile: string, signer: NoteSigner): Promise<TileTree> {
  if (!existsSync(checkpointFile)) return openTileTree(folder, 0)
  const { size, root } = parseCheckpoint(openNote(readFileSync(checkpointFile, 'utf8'), signer.verifierKey))
  const tree = await openTileTree(folder, size)
  if (!tree.root().equals(root)) throw new Error(`the tiles in ${folder} do not lead to the signed root`)
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
