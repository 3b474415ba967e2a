import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'

/** Files of a log's Merkle tree: `<log>.tiles/checkpoint`, `<log>.tiles/key` and the tiles. */
export function tileFolder(logPath: string) {
  const folder = `${logPath}.tiles`
  return { folder, checkpoint: join(folder, 'checkpoint'), key: join(folder, 'key') }
}

/**
 * What the newest checkpoint beside a log states; its signature is not checked here.
 *
 * @throws {TypeError} There is one, but it cannot be read.
 */
export function readStatedCheckpoint(logPath: string): Checkpoint | undefined {
  const { checkpoint } = tileFolder(logPath)
  return existsSync(checkpoint) ? parseCheckpoint(readFileSync(checkpoint, 'utf8')) : undefined
}
