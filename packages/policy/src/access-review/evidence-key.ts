import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose'

/** An Ed25519 key that signs evidence. */
export interface EvidenceKey {
  privateKey: KeyObject
  publicKey: JWK
  /** Thumbprint of the public key (RFC 7638). */
  keyId: string
}

/**
 * Reads the key, PKCS #8 in PEM, and makes it when the file is not there, readable by its owner only.
 *
 * @throws {TypeError} The file holds something else.
 */
export async function openEvidenceKey(file: string): Promise<EvidenceKey> {
  if (!existsSync(file)) makeKey(file)
  const privateKey = createPrivateKey(readFileSync(file, 'utf8'))
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new TypeError(`${file} must hold an Ed25519 key`)
  const jwk = await exportJWK(createPublicKey(privateKey))
  const keyId = await calculateJwkThumbprint(jwk)
  return { privateKey, publicKey: { ...jwk, alg: 'EdDSA', use: 'sig', kid: keyId }, keyId }
}

/** A link never replaces: of two that make the key at once, both then read the same one. */
function makeKey(file: string): void {
  const { privateKey } = generateKeyPairSync('ed25519')
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  try {
    linkSync(draft, file)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
  } finally {
    rmSync(draft, { force: true })
  }
}
