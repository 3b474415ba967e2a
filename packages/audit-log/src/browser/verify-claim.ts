import type { AuditRecord } from '../audit-event.ts'

/** One record with its proof, as `GET /audit/proof` answers it. */
export interface RecordClaimText {
  /** The record's line as it stands in the log. */
  line: string
  /** Hashes beside the path from the record to the root, the record's neighbour first; base64. */
  proof: readonly string[]
  /** Signed note (C2SP tlog-checkpoint). */
  checkpoint: string
}

/** What a claim shows once it was verified. */
export interface VerifiedClaim {
  /** The record as it is stored; personal members may be encrypted. */
  record: AuditRecord
  /** Name of the log. */
  origin: string
  /** Records under the checkpoint. */
  size: number
}

/**
 * Checks that a record is in the log whose checkpoint a key signed, with nothing but the Web Crypto API: the record's
 * bytes against its hash, the path to the root (RFC 6962 section 2.1.1), the root's signature (C2SP signed-note).
 *
 * @param verifierKey `name+hash+key`, from a place that the claimant cannot change, or at least from an earlier time.
 * @throws {TypeError} With a sentence: what does not fit.
 */
export async function verifyClaim(
  { line, proof, checkpoint }: RecordClaimText,
  verifierKey: string,
): Promise<VerifiedClaim> {
  const { origin, size, root } = await openCheckpoint(checkpoint, verifierKey)
  const leaf = await leafHash(line)
  const record = JSON.parse(line) as AuditRecord
  if (base64Url(leaf) !== record.hash) throw new TypeError('the record was changed: its hash does not match')
  const found = await climb(leaf, record.sequence - 1, size, proof.map(bytesOf))
  if (found === undefined || base64(found) !== root) {
    throw new TypeError(`record ${record.sequence} is not in the log of this checkpoint`)
  }
  return { record, origin, size }
}

/**
 * Checks the signature of a checkpoint and reads what it states.
 *
 * @throws {TypeError} The key or the note is malformed, or no signature of the note is the key's.
 */
export async function openCheckpoint(
  note: string,
  verifierKey: string,
): Promise<{ origin: string; size: number; root: string }> {
  const { name, id, key } = await readKey(verifierKey)
  const end = note.lastIndexOf('\n\n')
  if (end === -1) throw new TypeError('the checkpoint is not a signed note')
  const text = note.slice(0, end + 1)
  const [origin = '', size = '', root = ''] = text.split('\n')
  if (!/^(0|[1-9]\d{0,15})$/.test(size) || bytesOf(root).length !== 32) throw new TypeError('not a checkpoint')
  for (const signature of note.slice(end + 2).split('\n')) {
    const match = /^\u2014 (\S+) ([A-Za-z0-9+/=]+)$/u.exec(signature)
    if (match?.[1] !== name || match[2] === undefined) continue
    const bytes = bytesOf(match[2])
    if (hex(bytes.subarray(0, 4)) !== id) continue
    if (await crypto.subtle.verify('Ed25519', key, bytes.subarray(4), utf8(text))) {
      return { origin, size: Number(size), root }
    }
  }
  throw new TypeError(`the checkpoint carries no right signature of ${name}`)
}

async function readKey(verifierKey: string) {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(verifierKey.trim())
  const bytes = bytesOf(match?.[3] ?? '')
  const name = match?.[1]
  if (name === undefined || bytes.length !== 33 || bytes[0] !== 1) {
    throw new TypeError('not a key of the form name+hash+key for Ed25519')
  }
  const id = hex((await sha256(join(utf8(`${name}\n`), bytes))).subarray(0, 4))
  if (id !== match?.[2]) throw new TypeError('the key does not match its hash')
  return { name, id, key: await crypto.subtle.importKey('raw', bytes.subarray(1), 'Ed25519', false, ['verify']) }
}

const hashMemberLength = '{"hash":"'.length + 43 + 2

/** SHA-256 of a zero byte and the line without its `hash` member. */
function leafHash(line: string): Promise<Uint8Array<ArrayBuffer>> {
  return sha256(utf8(`\0{${line.slice(hashMemberLength)}`))
}

/** From a leaf to the root of a tree of `size` leaves; undefined when the proof has another length. */
async function climb(
  leaf: Uint8Array<ArrayBuffer>,
  index: number,
  size: number,
  proof: readonly Uint8Array<ArrayBuffer>[],
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (!(index >= 0 && index < size)) return undefined
  let [hash, node, last] = [leaf, index, size - 1]
  for (const beside of proof) {
    if (last === 0) return undefined
    const isRight = node % 2 === 1 || node === last
    hash = await sha256(isRight ? join(one, beside, hash) : join(one, hash, beside))
    // At the right edge a level without a neighbour is skipped (RFC 9162 section 2.1.3.2).
    while (isRight && node % 2 === 0 && node !== 0) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)]
    ;[node, last] = [Math.floor(node / 2), Math.floor(last / 2)]
  }
  return last === 0 ? hash : undefined
}

const one = Uint8Array.of(1)

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch (cause) {
    throw new TypeError('not base64', { cause })
  }
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function base64Url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
