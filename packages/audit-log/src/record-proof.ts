import type { AuditRecord } from './audit-event.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { proveInclusion, verifyInclusion } from './inclusion-proof.ts'
import { hashBody, parseRecordLine, recordBody } from './record-line.ts'
import { openNote } from './signed-note.ts'
import { readStatedCheckpoint } from './tile-folder.ts'
import { tileHashReader } from './tile-tree.ts'

/**
 * Proof that a record is in the log of the newest checkpoint: the hashes that lead from it to the signed root.
 *
 * @param tileFolder Of the log, by default `<path>.tiles`.
 * @throws {Error} There is no checkpoint, or it was made before the record.
 */
export async function proveRecord(tileFolder: string, sequence: number): Promise<Buffer[]> {
  const checkpoint = readStatedCheckpoint(tileFolder)
  if (checkpoint === undefined) throw new Error(`there is no checkpoint in ${tileFolder}`)
  return proveInclusion(sequence - 1, checkpoint.size, tileHashReader(tileFolder, checkpoint.size))
}

/** One record with its proof: all that someone without the log needs to check it. */
export interface RecordClaim {
  /** The record's line as it stands in the log. */
  line: string
  proof: readonly Uint8Array[]
  checkpoint: string
  /** `name+hash+key`, from a place that the claimant cannot change. */
  verifierKey: string
}

/**
 * Checks that a record is in the log whose checkpoint this key signed, and returns it.
 *
 * @throws {TypeError} The record, the proof or the signature is not right.
 */
export function verifyRecordProof({ line, proof, checkpoint, verifierKey }: RecordClaim): AuditRecord {
  const { size, root } = parseCheckpoint(openNote(checkpoint, verifierKey))
  const parts = recordBody(line)
  if (parts === undefined || hashBody(parts.body) !== parts.hash)
    throw new TypeError('the hash of the record does not match')
  const record = parseRecordLine(line)
  if (!verifyInclusion(Buffer.from(parts.hash, 'base64url'), record.sequence - 1, size, proof, root)) {
    throw new TypeError(`record ${record.sequence} is not in the log of this checkpoint`)
  }
  return record
}
