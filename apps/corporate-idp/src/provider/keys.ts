import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { z } from 'zod'

export interface Keys {
  /** Private RSA key that signs ID tokens, logout tokens and identity assertions. */
  signing: JWK & { kid: string; alg: 'RS256' }
  /** Keys that sign nothing any more, still published for what they signed. The newest first. */
  retired: (JWK & { kid: string })[]
  /** Signs the sign-in cookies. */
  cookies: string[]
}

const signingKey = z.looseObject({ kty: z.literal('RSA'), kid: z.string(), alg: z.literal('RS256'), d: z.string() })
const schema = z.object({
  signing: signingKey,
  retired: z.array(signingKey).default([]),
  cookies: z.array(z.string().min(32)).min(1),
})

/**
 * Reads the keys from `keys.json`, or makes them on the first start (file mode 0600). They must outlive a restart:
 * Keycloak keeps the key set by `kid` and would refuse ID tokens under a new one for a while.
 *
 * @throws {Error} The file is there but damaged. Keys are never replaced silently.
 */
export async function loadKeys(dataDir: string): Promise<Keys> {
  const path = join(dataDir, 'keys.json')
  if (!existsSync(path)) writeKeys(path, await makeKeys())
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8'))) as Keys
  } catch (cause) {
    throw new Error(`${path} is damaged. Put it back from a backup, or delete it to start with new keys.`, { cause })
  }
}

/** How many retired keys stay published. */
const mostRetired = 2

/** Signs with a new key from now on. The old one stays published, so that what it signed can still be verified. */
export async function rotateKeys(dataDir: string, keys: Keys): Promise<Keys> {
  const { signing } = await makeKeys()
  const rotated = { ...keys, signing, retired: [keys.signing, ...keys.retired].slice(0, mostRetired) }
  writeKeys(join(dataDir, 'keys.json'), rotated)
  return rotated
}

async function makeKeys(): Promise<Keys> {
  const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true })
  const signing = {
    ...(await exportJWK(privateKey)),
    kid: `company-${randomUUID()}`,
    alg: 'RS256' as const,
    use: 'sig',
  }
  return { signing, retired: [], cookies: [randomBytes(32).toString('base64url')] }
}

/** Written beside and moved into place: a start that is cut short leaves no half file. */
function writeKeys(path: string, keys: Keys): void {
  const unfinished = `${path}.${process.pid}.part`
  writeFileSync(unfinished, JSON.stringify(keys), { mode: 0o600, flag: 'wx' })
  renameSync(unfinished, path)
}
