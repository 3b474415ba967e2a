import { createPublicKey, type KeyObject } from 'node:crypto'

/** AlgorithmIdentifier id-RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes (RFC 4055 section 3.1). */
const pssSha256 = Buffer.from(
  '304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120',
  'hex',
)

/**
 * The same RSA key, with RSASSA-PSS written into it: hash and salt length are then part of the key, so that a bare
 * key verifies PS256 and nothing else, and no options have to go with each call.
 */
export function toPssKey(key: KeyObject): KeyObject {
  const publicKey = key.export({ format: 'der', type: 'pkcs1' })
  const bits = element(0x03, Buffer.concat([Buffer.of(0), publicKey]))
  return createPublicKey({ key: element(0x30, Buffer.concat([pssSha256, bits])), format: 'der', type: 'spki' })
}

/** One DER element of 256 to 65,535 bytes, which every RSA key of 2048 bits or more is. */
function element(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag, 0x82, content.length >> 8, content.length & 0xff), content])
}
