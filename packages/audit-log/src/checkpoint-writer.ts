import { existsSync, readFileSync } from 'node:fs'
import { formatCheckpoint, parseCheckpoint } from './checkpoint.ts'
import { type LogFile, openLogFile } from './log-file.ts'
import { linesForward } from './log-lines.ts'
import { offsetAfter } from './query-log.ts'
import { type NoteSigner, openNote, openNoteSigner } from './signed-note.ts'
import { tileFolder } from './tile-folder.ts'
import { openTileTree, type TileTree } from './tile-tree.ts'
import { writeDurably } from './write-durably.ts'

/** Builds the tree over a log's records and signs its root. */
export interface CheckpointWriter {
  /** Brings the tree up to the log's first `end` bytes, signs it, and returns the note. */
  write(end: number): Promise<string>
  close(): Promise<void>
}

const chunkRecords = 4096
const hashStart = '{"hash":"'.length

/**
 * Opens the tree beside a log, at its newest checkpoint, or anew when there is none that this key signed.
 *
 * @throws {Error} The tiles do not lead to the root that the checkpoint states.
 */
export async function openCheckpointWriter(
  logPath: string,
  keyFile: string,
  origin: string,
): Promise<CheckpointWriter> {
  const signer = await openNoteSigner(keyFile, origin)
  const places = tileFolder(logPath)
  const tree = await openTree(places.folder, places.checkpoint, signer)
  const log = await openLogFile(logPath)
  await writeDurably(places.key, `${signer.verifierKey}\n`)
  const { size } = await log.stat()
  let offset = await offsetAfter(log, size, tree.size)
  return {
    async write(end) {
      offset = await addRecords(tree, log, offset, end)
      await tree.flush()
      const note = signer.sign(formatCheckpoint({ origin, size: tree.size, root: tree.root() }))
      await writeDurably(places.checkpoint, note)
      await tree.removeOutdated()
      return note
    },
    close: () => log.close(),
  }
}

async function openTree(folder: string, checkpointFile: string, signer: NoteSigner): Promise<TileTree> {
  if (!existsSync(checkpointFile)) return openTileTree(folder, 0)
  const { size, root } = parseCheckpoint(openNote(readFileSync(checkpointFile, 'utf8'), signer.verifierKey))
  const tree = await openTileTree(folder, size)
  if (!tree.root().equals(root)) throw new Error(`the tiles in ${folder} do not lead to the signed root`)
  return tree
}

async function addRecords(tree: TileTree, log: LogFile, start: number, end: number): Promise<number> {
  let offset = start
  let hashes: Buffer[] = []
  for await (const { offset: at, bytes } of linesForward(log, start, end)) {
    hashes.push(Buffer.from(bytes.toString('latin1', hashStart, hashStart + 43), 'base64url'))
    offset = at + bytes.length + 1
    if (hashes.length < chunkRecords) continue
    await tree.add(hashes)
    hashes = []
  }
  await tree.add(hashes)
  return offset
}
