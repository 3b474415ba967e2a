import { hash } from 'node:crypto'
import type { Checkpoint } from './checkpoint.ts'
import type { LogHead } from './log-head.ts'
import { createTreeEdge } from './merkle-tree.ts'
import { firstPrevious } from './record-line.ts'

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

/** Follows one log from its first record on. Memory: one hash for each bit of its size. */
export interface ChainCheck {
  readonly sequence: number
  /** Size of a checkpoint that the log does not lead to, once that is known. */
  readonly contradicted: number | undefined
  /** Takes the next record as it is stored, without the line feed, and overwrites some of its bytes. */
  add(line: Buffer): DamagedLog | undefined
  /** There are no more records. */
  end(): IntactLog | DamagedLog
}

export function bad(firstBadSequence: number, problem: string): DamagedLog {
  return { intact: false, records: Math.max(firstBadSequence - 1, 0), firstBadSequence, problem }
}

/**
 * @param head What is known of the newest record, apart from the records.
 * @param checkpoints What was signed; the log must lead to each.
 */
export function createChainCheck(head: LogHead | undefined, checkpoints: readonly Checkpoint[]): ChainCheck {
  const edge = checkpoints.length > 0 ? createTreeEdge() : undefined
  const stated = new Map<number, Buffer[]>()
  for (const { size, root } of checkpoints) stated.set(size, [...(stated.get(size) ?? []), root])
  const leads = (size: number) => (stated.get(size) ?? []).every((root) => edge?.root().equals(root))
  let contradicted = leads(0) ? undefined : 0
  let headMatches = head === undefined || head.sequence === 0
  let sequence = 0
  let previous = firstPrevious

  function contradiction(size: number): DamagedLog {
    contradicted = size
    return bad(1, `the first ${size} records are not those of the signed checkpoint: the log was rewritten`)
  }

  return {
    get sequence() {
      return sequence
    },
    get contradicted() {
      return contradicted
    },
    add(line) {
      if (contradicted !== undefined) return contradiction(contradicted)
      const result = checkLine(line, sequence + 1, previous)
      if ('problem' in result) return bad(sequence + 1, result.problem)
      sequence += 1
      previous = result.hash
      edge?.add(Buffer.from(previous, 'base64url'))
      if (head?.sequence === sequence) headMatches = head.hash === previous
      return stated.has(sequence) && !leads(sequence) ? contradiction(sequence) : undefined
    },
    end() {
      if (contradicted !== undefined) return contradiction(contradicted)
      const written = Math.max(head?.sequence ?? 0, ...stated.keys())
      if (written > sequence) return bad(sequence + 1, `the log ends here, but ${written} records were written`)
      if (!headMatches) return bad(head?.sequence ?? 0, 'the record is not the one that was written under this number')
      const intact = { intact: true, records: sequence, head: previous } as const
      return stated.size === 0 ? intact : { ...intact, checkpointSize: Math.max(...stated.keys()) }
    },
  }
}

const hashMember = Buffer.from('{"hash":"')
const restOffset = hashMember.length + 43 + 2

/** The hash that a stored line states, whether it is right or not. */
export function statedHash(line: Buffer): string {
  return line.toString('latin1', hashMember.length, hashMember.length + 43)
}

/** Works on the bytes as they are: text that is not UTF-8 must not be mended by decoding it. */
function checkLine(line: Buffer, sequence: number, previous: string): { hash: string } | { problem: string } {
  const starts = line.subarray(0, hashMember.length).equals(hashMember)
  if (!starts || line.toString('latin1', restOffset - 2, restOffset) !== '",') return { problem: 'not a record' }
  const stated = statedHash(line)
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
