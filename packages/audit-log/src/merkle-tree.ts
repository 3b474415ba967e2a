import { hash } from 'node:crypto'

const nodeInput = Buffer.alloc(65, 1)

/** Hash of an inner node (RFC 6962 section 2.1): SHA-256 of a one byte and both children, 32 bytes each. */
export function hashChildren(left: Uint8Array, right: Uint8Array): Buffer {
  nodeInput.set(left, 1)
  nodeInput.set(right, 33)
  return hash('sha256', nodeInput, 'buffer')
}

/** Root of a tree without leaves: SHA-256 of nothing. */
export const emptyRoot: Buffer = hash('sha256', '', 'buffer')

/** The right edge of a growing tree: enough to go on and to know the root, whatever the size. */
export interface TreeEdge {
  readonly size: number
  add(leafHash: Uint8Array): void
  root(): Buffer
}

/** Memory: one hash for each bit of the size. */
export function createTreeEdge(): TreeEdge {
  /** Roots of perfect subtrees, by level; they are as the bits of `size`. */
  const subtrees: (Buffer | undefined)[] = []
  let size = 0
  return {
    get size() {
      return size
    },
    add(leafHash) {
      let carried: Buffer = Buffer.from(leafHash)
      let level = 0
      for (let left = subtrees[level]; left !== undefined; left = subtrees[level]) {
        carried = hashChildren(left, carried)
        subtrees[level] = undefined
        level += 1
      }
      subtrees[level] = carried
      size += 1
    },
    root: () => rootOf(subtrees.filter((subtree) => subtree !== undefined).reverse()),
  }
}

/** Root over perfect subtrees from the largest, on the left, to the smallest. */
function rootOf(subtrees: readonly Buffer[]): Buffer {
  return subtrees.length === 0 ? emptyRoot : subtrees.reduceRight((right, left) => hashChildren(left, right))
}

/** Root of a perfect subtree over 1, 2, 4, … hashes. */
export function perfectRoot(hashes: readonly Uint8Array[]): Buffer {
  let level: Buffer[] = hashes.map((each) => Buffer.from(each))
  while (level.length > 1) {
    const next: Buffer[] = []
    for (let index = 0; index + 1 < level.length; index += 2) {
      const [left, right] = [level[index], level[index + 1]]
      if (left !== undefined && right !== undefined) next.push(hashChildren(left, right))
    }
    level = next
  }
  return level[0] ?? emptyRoot
}
