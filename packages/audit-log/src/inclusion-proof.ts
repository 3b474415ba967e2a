import { hashChildren } from './merkle-tree.ts'

/** Finds the root of the perfect subtree at `index` among those of 2^`level` leaves. */
export type HashReader = (level: number, index: number) => Promise<Buffer>

/**
 * Proof that a record is in the tree of a given size: the hashes beside its path to the root, leaf first
 * (RFC 6962 section 2.1.1). At most one for each bit of the size, so below 1 KB for any log.
 *
 * @param index 0 for the record with sequence 1.
 */
export async function proveInclusion(index: number, size: number, readHash: HashReader): Promise<Buffer[]> {
  if (!(index >= 0 && index < size)) throw new RangeError(`record ${index + 1} is not among ${size}`)
  const proof: Buffer[] = []
  let first = 0
  let last = size
  const beside: [first: number, last: number][] = []
  while (last - first > 1) {
    const middle = first + splitOf(last - first)
    if (index < middle) {
      beside.push([middle, last])
      last = middle
    } else {
      beside.push([first, middle])
      first = middle
    }
  }
  for (const [from, to] of beside.reverse()) proof.push(await subtreeHash(from, to, readHash))
  return proof
}

/** Checks a proof: whether the leaf at `index` leads to this root of a tree of this size. */
export function verifyInclusion(
  leafHash: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!(index >= 0 && index < size)) return false
  const sides = pathSides(index, size)
  if (sides.length !== proof.length) return false
  let found: Buffer = Buffer.from(leafHash)
  sides.forEach((side, level) => {
    const other = proof[level] ?? found
    found = side === 'left' ? hashChildren(other, found) : hashChildren(found, other)
  })
  return found.equals(root)
}

/** On which side the other hash stands, from the leaf to the root. */
function pathSides(index: number, size: number): ('left' | 'right')[] {
  const sides: ('left' | 'right')[] = []
  let first = 0
  let last = size
  while (last - first > 1) {
    const middle = first + splitOf(last - first)
    const inLeft = index < middle
    sides.push(inLeft ? 'right' : 'left')
    if (inLeft) last = middle
    else first = middle
  }
  return sides.reverse()
}

async function subtreeHash(first: number, last: number, readHash: HashReader): Promise<Buffer> {
  const count = last - first
  const level = Math.log2(count)
  if (Number.isInteger(level)) return readHash(level, first / count)
  const middle = first + splitOf(count)
  return hashChildren(await subtreeHash(first, middle, readHash), await subtreeHash(middle, last, readHash))
}

/** The largest power of two smaller than `count`. */
function splitOf(count: number): number {
  return 2 ** Math.floor(Math.log2(count - 1))
}
