import { verify } from 'node:crypto'
import { toDerSignature, toSharedDerSignature } from './der-signature.ts'
import { ThreadChoice } from './thread-choice.ts'
import type { VerificationKey } from './verification-key.ts'

/** One for the process, as the thread pool is. */
const threads = new ThreadChoice()

/**
 * Says whether a signature fits: on this thread, or in the thread pool while many are wanted at the same time. RSA is
 * always quicker here.
 */
export function checkSignature(key: VerificationKey, signed: Buffer, signature: Buffer): boolean | Promise<boolean> {
  if (signature.length !== key.signatureBytes) return false
  return key.algorithm.keyType !== 'RSA' && threads.isPoolWorthIt()
    ? checkInPool(key, Buffer.from(signed), Buffer.from(signature))
    : isSignatureRight(key, signed, signature)
}

/** True when the signature fits. With the bare key: any option beside it costs more than it tells. */
export function isSignatureRight(
  { algorithm, key, signatureBytes }: VerificationKey,
  signed: Buffer,
  signature: Buffer,
): boolean {
  if (signature.length !== signatureBytes) return false
  return verify(algorithm.hash, signed, key, algorithm.isPairOfIntegers ? toSharedDerSignature(signature) : signature)
}

function checkInPool(key: VerificationKey, signed: Buffer, signature: Buffer): Promise<boolean> {
  const { hash, isPairOfIntegers } = key.algorithm
  threads.enterPool()
  return new Promise((resolve, reject) => {
    verify(hash, signed, key.key, isPairOfIntegers ? toDerSignature(signature) : signature, (error, isRight) => {
      threads.leavePool()
      if (error === null) resolve(isRight)
      else reject(error)
    })
  })
}
