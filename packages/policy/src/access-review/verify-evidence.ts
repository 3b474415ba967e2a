import { base64url, compactVerify, importJWK, type JWK } from 'jose'

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

/** `typ` of the signature. */
export const evidenceType = 'access-evidence'

/**
 * Checks a signature and every file that it names; a file that it does not name is a problem as well. Works in a
 * browser, too.
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
    if (protectedHeader.typ !== evidenceType)
      return { outcome: 'broken', problems: [`the signature is no ${evidenceType}`] }
    statement = JSON.parse(new TextDecoder().decode(payload)) as EvidenceStatement
    keyId = protectedHeader.kid ?? ''
  } catch {
    return { outcome: 'broken', problems: ['the signature is not of this key, or was changed'] }
  }
  const names = [...new Set([...Object.keys(statement.files), ...Object.keys(files)])]
  const problems = await Promise.all(names.map((name) => problemOf(name, statement, files)))
  const found = problems.filter((problem) => problem !== undefined)
  return found.length > 0 ? { outcome: 'broken', problems: found } : { outcome: 'intact', keyId, statement }
}

async function problemOf(
  name: string,
  statement: EvidenceStatement,
  files: SignedEvidence['files'],
): Promise<string | undefined> {
  if (!Object.hasOwn(statement.files, name)) return `${name} is not part of what was signed`
  if (!Object.hasOwn(files, name)) return `${name} is missing`
  return (await digestOf(files[name] ?? '')) === statement.files[name] ? undefined : `${name} was changed`
}

/** SHA-256 of the text in UTF-8, base64url. */
export async function digestOf(content: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(content))))
}
