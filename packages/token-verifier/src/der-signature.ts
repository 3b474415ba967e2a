/**
 * Writes an ECDSA signature as DER (SEQUENCE of two INTEGERs), from r and s side by side (RFC 7518 section 3.4).
 *
 * The platform could do it, asked by an options object beside the key, which on Node 24 costs a third of the verification.
 * Both lengths stay below 128 bytes for P-256 and P-384, so every DER length is one byte.
 */
export function toDerSignature(pair: Uint8Array): Buffer {
  return Buffer.from(toSharedDerSignature(pair))
}

/** The same in memory that the next signature is written to: for one who is done with it before that. */
export function toSharedDerSignature(pair: Uint8Array): Buffer {
  const half = pair.length / 2
  const r = firstSignificant(pair, 0, half)
  const s = firstSignificant(pair, half, pair.length)
  const rLength = half - r + signByte(pair, r)
  const sLength = pair.length - s + signByte(pair, s)
  workspace[0] = 0x30
  workspace[1] = 4 + rLength + sLength
  const next = writeInteger(workspace, 2, pair, r, half, rLength)
  writeInteger(workspace, next, pair, s, pair.length, sLength)
  return views[6 + rLength + sLength] ?? workspace
}

/** As long as a signature with P-384 can be. */
const workspace = Buffer.allocUnsafeSlow(104)
const views = Array.from({ length: workspace.length + 1 }, (_, length) => workspace.subarray(0, length))

/** Leading zeros are not part of a DER integer, except a last one. */
function firstSignificant(bytes: Uint8Array, start: number, end: number): number {
  let index = start
  while (index < end - 1 && bytes[index] === 0) index += 1
  return index
}

/** An integer whose first bit is set gets a zero in front, or it would be negative. */
function signByte(bytes: Uint8Array, index: number): number {
  return ((bytes[index] ?? 0) & 0x80) === 0 ? 0 : 1
}

function writeInteger(der: Buffer, at: number, from: Uint8Array, start: number, end: number, length: number): number {
  der[at] = 0x02
  der[at + 1] = length
  der[at + 2] = 0
  der.set(from.subarray(start, end), at + 2 + length - (end - start))
  return at + 2 + length
}
