import { CompactSign } from 'jose'
import type { EvidenceKey } from './evidence-key.ts'
import { digestOf, type EvidenceStatement, evidenceType, type SignedEvidence } from './verify-evidence.ts'

/** Signs files, all or none of which are then as they were. @param at Seconds since the epoch. */
export async function signEvidence(
  files: Record<string, string>,
  about: { subject: string; at: number },
  key: EvidenceKey,
): Promise<SignedEvidence> {
  const digests = Object.entries(files).map(async ([name, content]) => [name, await digestOf(content)] as const)
  const statement: EvidenceStatement = {
    subject: about.subject,
    signedAt: new Date(about.at * 1000).toISOString(),
    files: Object.fromEntries(await Promise.all(digests)),
  }
  const signature = await new CompactSign(new TextEncoder().encode(JSON.stringify(statement)))
    .setProtectedHeader({ alg: 'EdDSA', typ: evidenceType, kid: key.keyId })
    .sign(key.privateKey)
  return { files, signature }
}
