import { verifyEvidence } from '@mcp-identity/policy/evidence'
import { calculateJwkThumbprint } from 'jose'
import type { Evidence } from '../../api/access-review.ts'
import { trustedKey } from '../../api/trusted-key.ts'
import type { SignatureVerdict } from '../../ui/signature-finding.tsx'
import { fullTime } from '../../ui/time-words.ts'

/** Checks every file and the signature over them, by the key that this browser saw first (thumbprint, RFC 7638). */
export async function checkEvidence(evidence: Evidence): Promise<SignatureVerdict> {
  const offered = await calculateJwkThumbprint(evidence.publicKey)
  const { key, since } = trustedKey('evidence', offered)
  const note = `The key that counts is the one that this browser saw first${since === undefined ? '' : `, ${fullTime(since)}`}.`
  if (key !== offered) {
    const sentence = 'The evidence is signed by another key than the one that counts here: it may have been replaced'
    return { isRight: false, sentence, note, otherKey: offered }
  }
  const found = await verifyEvidence(evidence, evidence.publicKey)
  if (found.outcome === 'broken') {
    return {
      isRight: false,
      sentence: `The evidence does not hold: ${found.problems.join(', ')}`,
      note,
      otherKey: undefined,
    }
  }
  const { signedAt, files } = found.statement
  const sentence = `Signed ${fullTime(new Date(signedAt))}: the signature is right, and so is each of ${Object.keys(files).length} files`
  return { isRight: true, sentence, note, otherKey: undefined }
}
