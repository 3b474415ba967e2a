import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { HashReader } from './inclusion-proof.ts'
import { emptyRoot, hashChildren, perfectRoot } from './merkle-tree.ts'
import { tilePath, tileWidth } from './tile-path.ts'
import { writeAllDurably } from './write-durably.ts'

const hashBytes = 32
const tileLevels = 8

/** A Merkle tree in tiles on disk, which grows at its right edge. */
export interface TileTree {
  readonly size: number
  root(): Buffer
  /** Adds leaf hashes; the tiles that they fill are written. */
  add(leafHashes: readonly Buffer[]): Promise<void>
  /** Writes the unfinished tiles of the right edge, so that a checkpoint of this size can be verified from tiles. */
  flush(): Promise<void>
  /** Removes unfinished tiles that newer ones replaced; to be called once the newer checkpoint is in place. */
  removeOutdated(): Promise<void>
}

/**
 * Opens the tiles below a folder at a size that was flushed before, 0 for a new tree.
 *
 * @throws {Error} A tile is missing or too short.
 */
export async function openTileTree(folder: string, size: number): Promise<TileTree> {
  const edge: EdgeTile[] = await readEdge(folder, size)
  let leaves = size
  /** Unfinished tiles as they were flushed last: level to path. */
  const outdated: string[] = []
  let flushed = new Map<number, string>(edge.map(({ width }, level) => [level, edgePath(level, leaves, width)]))

  /** Full tiles that are not on the disk yet, by path; they stay here when writing fails. */
  const filled = new Map<string, Buffer>()

  function push(level: number, hash: Buffer): void {
    edge[level] ??= edgeTile()
    const tile = edge[level]
    tile.bytes.set(hash, tile.width * hashBytes)
    tile.width += 1
    if (tile.width < tileWidth) return
    const index = Math.floor(leaves / tileWidth ** (level + 1)) - 1
    filled.set(join(folder, tilePath(level, index)), Buffer.from(tile.bytes))
    const root = perfectRoot(hashesOf(tile))
    tile.width = 0
    push(level + 1, root)
  }

  return {
    get size() {
      return leaves
    },
    root: () => edgeRoot(edge),
    async add(leafHashes) {
      for (const hash of leafHashes) {
        leaves += 1
        push(0, hash)
      }
      writeAllDurably(filled)
      filled.clear()
    },
    async flush() {
      const paths = new Map<number, string>()
      const unfinished = new Map(filled)
      for (const [level, { bytes, width }] of edge.entries()) {
        if (width === 0) continue
        const path = edgePath(level, leaves, width)
        paths.set(level, path)
        if (flushed.get(level) !== path) unfinished.set(join(folder, path), bytes.subarray(0, width * hashBytes))
      }
      writeAllDurably(unfinished)
      filled.clear()
      for (const [level, path] of flushed) if (paths.get(level) !== path) outdated.push(path)
      flushed = paths
    },
    async removeOutdated() {
      for (const path of outdated.splice(0)) await rm(join(folder, path), { force: true })
    },
  }
}

/** Finds any inner hash of a tree of this size in its tiles. */
export function tileHashReader(folder: string, size: number): HashReader {
  const tiles = new Map<string, Promise<Buffer[]>>()
  return async (level, index) => {
    const tileLevel = Math.floor(level / tileLevels)
    const count = 2 ** (level % tileLevels)
    const first = index * count
    const tile = Math.floor(first / tileWidth)
    const width = Math.min(tileWidth, Math.floor(size / tileWidth ** tileLevel) - tile * tileWidth)
    const path = tilePath(tileLevel, tile, width)
    const hashes = tiles.get(path) ?? readTile(folder, path, width)
    tiles.set(path, hashes)
    const start = first - tile * tileWidth
    return perfectRoot((await hashes).slice(start, start + count))
  }
}

/** Leaf hashes `first` to `last` (excluded) of a tree, from the tiles of level 0. */
export async function readLeafTile(folder: string, tile: number, size: number): Promise<Buffer[]> {
  const width = Math.min(tileWidth, size - tile * tileWidth)
  return readTile(folder, tilePath(0, tile, width), width)
}

async function readTile(folder: string, path: string, width: number): Promise<Buffer[]> {
  const bytes = await readFile(join(folder, path))
  if (bytes.length < width * hashBytes) throw new Error(`${path} holds fewer than ${width} hashes`)
  return hashesOf({ bytes, width })
}

/** A tile that is not full yet, in one piece: a hash apiece would outlive the young heap, and nothing fills the old one. */
interface EdgeTile {
  readonly bytes: Buffer
  /** Hashes in it. */
  width: number
}

function edgeTile(hashes: readonly Buffer[] = []): EdgeTile {
  const bytes = Buffer.alloc(tileWidth * hashBytes)
  bytes.set(Buffer.concat(hashes))
  return { bytes, width: hashes.length }
}

function hashesOf({ bytes, width }: EdgeTile): Buffer[] {
  return Array.from({ length: width }, (_, index) => bytes.subarray(index * hashBytes, (index + 1) * hashBytes))
}

async function readEdge(folder: string, size: number): Promise<EdgeTile[]> {
  const edge: EdgeTile[] = []
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / tileWidth)) {
    const width = count % tileWidth
    edge.push(edgeTile(width === 0 ? [] : await readTile(folder, edgePath(level, size, width), width)))
  }
  return edge
}

function edgePath(level: number, size: number, width: number): string {
  return tilePath(level, Math.floor(size / tileWidth ** (level + 1)), width)
}

/** The hashes of the edge, level by level from the top, are perfect subtrees from left to right. */
function edgeRoot(edge: readonly EdgeTile[]): Buffer {
  const subtrees: Buffer[] = []
  for (const hashes of edge.toReversed().map(hashesOf)) {
    let from = 0
    for (let size = tileWidth / 2; size >= 1; size /= 2) {
      if (hashes.length - from < size) continue
      subtrees.push(perfectRoot(hashes.slice(from, from + size)))
      from += size
    }
  }
  return subtrees.length === 0 ? emptyRoot : subtrees.reduceRight((right, left) => hashChildren(left, right))
}
