import { verify } from 'node:crypto'
import { toDerSignature } from './der-signature.ts'
import type { VerificationKey } from './verification-key.ts'

/**
 * True when the signature fits. Synchronous, with the bare key: anything else about the call costs more than it tells.
 */
export function isSignatureRight(key: VerificationKey, signed: Buffer, signature: Buffer): boolean {
  if (signature.length !== key.signatureBytes) return false
  const { hash, isPairOfIntegers } = key.algorithm
  return verify(hash, signed, key.key, isPairOfIntegers ? toDerSignature(signature) : signature)
}
