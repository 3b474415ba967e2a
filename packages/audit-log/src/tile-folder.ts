import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'

/** Where the Merkle tree of a log is kept unless another folder is named. */
export function defaultTileFolder(logPath: string): string {
  return `${logPath}.tiles`
}

/** Files beside the tiles: the newest checkpoint, and the public key that it is signed with. */
export function tileFolderFiles(folder: string): { checkpoint: string; key: string } {
  return { checkpoint: join(folder, 'checkpoint'), key: join(folder, 'key') }
}

/**
 * What the newest checkpoint of a folder states; its signature is not checked here.
 *
 * @throws {TypeError} There is one, but it cannot be read.
 */
export function readStatedCheckpoint(folder: string): Checkpoint | undefined {
  const { checkpoint } = tileFolderFiles(folder)
  return existsSync(checkpoint) ? parseCheckpoint(readFileSync(checkpoint, 'utf8')) : undefined
}

/**
 * Name of the log that a folder's newest checkpoint states: it cannot be another from then on. Undefined: there is none.
 *
 * @throws {TypeError} There is one, but it cannot be read.
 */
export function statedOrigin(folder: string): string | undefined {
  return readStatedCheckpoint(folder)?.origin
}
