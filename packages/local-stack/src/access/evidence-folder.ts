import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EvidenceVerification, type SignedEvidence, verifyEvidence } from '@mcp-identity/policy/access-review'
import { StackError } from '../stack-error.ts'

const signatureFile = 'signature.jws'
const keyFile = 'public-key.json'

/**
 * Writes evidence into a folder: its files, the signature and the public key.
 *
 * @throws {StackError} Something is in the folder already: evidence is never mixed or overwritten.
 */
export function writeEvidence(
  folder: string,
  { files, signature, publicKey }: SignedEvidence & { publicKey: object },
): string[] {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (readdirSync(folder).length > 0)
    throw new StackError(`${folder} is not empty`, { nextStep: 'Name a new folder with --to.' })
  const all = { ...files, [signatureFile]: `${signature}\n`, [keyFile]: `${JSON.stringify(publicKey, undefined, 2)}\n` }
  for (const [name, content] of Object.entries(all)) writeFileSync(join(folder, name), content, { mode: 0o600 })
  return Object.keys(all)
}

/** What verifying a folder found, and whether the key came from elsewhere. */
export type FolderVerification = EvidenceVerification & { trustedKey: boolean }

/**
 * Verifies a folder of evidence.
 *
 * @param trustedKeyFile The public key as JWK, from elsewhere. Left out: the key in the folder, which proves only that
 * nothing was changed by somebody without the key that is in it.
 * @throws {StackError} A file is missing or malformed.
 */
export async function verifyFolder(folder: string, trustedKeyFile: string | undefined): Promise<FolderVerification> {
  const key = readJson(trustedKeyFile ?? join(folder, keyFile))
  const names = list(folder).filter((name) => name !== signatureFile && name !== keyFile)
  const files = Object.fromEntries(names.map((name) => [name, read(join(folder, name))]))
  const found = await verifyEvidence({ files, signature: read(join(folder, signatureFile)) }, key)
  return { ...found, trustedKey: trustedKeyFile !== undefined }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (cause) {
    throw new StackError(`${folder} cannot be read`, { cause, nextStep: 'Name the folder that the evidence is in.' })
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new StackError(`${path} cannot be read`, { cause, nextStep: 'Name the folder that the evidence is in.' })
  }
}

function readJson(path: string): Record<string, unknown> {
  try {
    return JSON.parse(read(path))
  } catch (cause) {
    if (cause instanceof StackError) throw cause
    throw new StackError(`${path} must hold a public key as JSON (JWK)`, { cause })
  }
}
