import { createHash } from 'node:crypto'
import { CompactSign, compactVerify, importJWK, type JWK } from 'jose'
import type { EvidenceKey } from './evidence-key.ts'

/** Files by name, and one signature over all of them. */
export interface SignedEvidence {
  files: Record<string, string>
  /** JWS in compact form (RFC 7515), EdDSA (RFC 8037). Its payload names each file with its SHA-256. */
  signature: string
}

/** What the signature says. */
export interface EvidenceStatement {
  /** What the files are about. */
  subject: string
  /** ISO instant. */
  signedAt: string
  /** Name to SHA-256, base64url. */
  files: Record<string, string>
}

export type EvidenceVerification =
  | { outcome: 'intact'; keyId: string; statement: EvidenceStatement }
  | { outcome: 'broken'; problems: string[] }

const type = 'access-evidence'

/** Signs files, all or none of which are then as they were. @param at Seconds since the epoch. */
export async function signEvidence(
  files: Record<string, string>,
  about: { subject: string; at: number },
  key: EvidenceKey,
): Promise<SignedEvidence> {
  const digests = Object.fromEntries(Object.entries(files).map(([name, content]) => [name, digest(content)]))
  const statement: EvidenceStatement = {
    subject: about.subject,
    signedAt: new Date(about.at * 1000).toISOString(),
    files: digests,
  }
  const signature = await new CompactSign(new TextEncoder().encode(JSON.stringify(statement)))
    .setProtectedHeader({ alg: 'EdDSA', typ: type, kid: key.keyId })
    .sign(key.privateKey)
  return { files, signature }
}

/**
 * Checks a signature and every file that it names; a file that it does not name is a problem as well.
 *
 * @param publicKey The key that the reader trusts; it has to come from elsewhere than the files.
 */
export async function verifyEvidence(
  { files, signature }: SignedEvidence,
  publicKey: JWK,
): Promise<EvidenceVerification> {
  let statement: EvidenceStatement
  let keyId: string
  try {
    const key = await importJWK(publicKey, 'EdDSA')
    const { payload, protectedHeader } = await compactVerify(signature.trim(), key, { algorithms: ['EdDSA'] })
    if (protectedHeader.typ !== type) return { outcome: 'broken', problems: [`the signature is no ${type}`] }
    statement = JSON.parse(new TextDecoder().decode(payload)) as EvidenceStatement
    keyId = protectedHeader.kid ?? ''
  } catch {
    return { outcome: 'broken', problems: ['the signature is not of this key, or was changed'] }
  }
  const names = new Set([...Object.keys(statement.files), ...Object.keys(files)])
  const problems = [...names].flatMap((name) => {
    if (!Object.hasOwn(statement.files, name)) return [`${name} is not part of what was signed`]
    if (!Object.hasOwn(files, name)) return [`${name} is missing`]
    return digest(files[name] ?? '') === statement.files[name] ? [] : [`${name} was changed`]
  })
  return problems.length > 0 ? { outcome: 'broken', problems } : { outcome: 'intact', keyId, statement }
}

function digest(content: string): string {
  return createHash('sha256').update(content, 'utf8').digest('base64url')
}
