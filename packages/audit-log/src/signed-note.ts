import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject, sign, verify } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { writeDurably } from './write-durably.ts'

/** Signs notes under a name. */
export interface NoteSigner {
  name: string
  /** Public half, as in C2SP signed-note: `name+hash+key`. */
  verifierKey: string
  sign(text: string): string
}

const ed25519 = 1
/** Header of an Ed25519 public key in SubjectPublicKeyInfo; the key's 32 bytes follow. */
const spkiHeader = Buffer.from('302a300506032b6570032100', 'hex')

/**
 * Reads an Ed25519 key in PKCS #8 PEM, and makes one, readable by its owner only, when the file is not there.
 *
 * @param name Name of the log, as `company.com/mcp-audit`; no spaces and no plus sign.
 * @throws {TypeError} The name cannot be one, or the file holds another kind of key.
 */
export async function openNoteSigner(keyFile: string, name: string): Promise<NoteSigner> {
  if (!/^[^\s+]+$/.test(name)) throw new TypeError(`not a name for a signing key: ${name}`)
  if (!existsSync(keyFile)) {
    const { privateKey } = generateKeyPairSync('ed25519')
    await writeDurably(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, 0o600)
  }
  const privateKey = createPrivateKey(readFileSync(keyFile))
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new TypeError(`${keyFile} must hold an Ed25519 key`)
  const publicBytes = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(spkiHeader.length)
  const id = keyId(name, publicBytes)
  return {
    name,
    verifierKey: `${name}+${id.toString('hex')}+${Buffer.concat([Buffer.from([ed25519]), publicBytes]).toString('base64')}`,
    sign: (text) => {
      const signature = Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]).toString('base64')
      return `${text}\n\u2014 ${name} ${signature}\n`
    },
  }
}

/**
 * Checks a signed note and returns its text.
 *
 * @param verifierKey As {@link NoteSigner.verifierKey}.
 * @throws {TypeError} The key or the note is malformed, or no signature of the note is the key's.
 */
export function openNote(note: string, verifierKey: string): string {
  const { name, id, key } = parseVerifierKey(verifierKey)
  const end = note.lastIndexOf('\n\n')
  if (end === -1) throw new TypeError('not a signed note')
  const text = note.slice(0, end + 1)
  for (const line of note.slice(end + 2).split('\n')) {
    const match = /^\u2014 (\S+) ([A-Za-z0-9+/=]+)$/u.exec(line)
    if (match?.[1] !== name || match[2] === undefined) continue
    const bytes = Buffer.from(match[2], 'base64')
    if (bytes.subarray(0, 4).equals(id) && verify(null, Buffer.from(text), key, bytes.subarray(4))) return text
  }
  throw new TypeError(`the note carries no right signature of ${name}`)
}

/** @throws {TypeError} It is not the public key of a log: `name+hash+key`. */
export function checkVerifierKey(verifierKey: string): void {
  parseVerifierKey(verifierKey)
}

function parseVerifierKey(verifierKey: string): { name: string; id: Buffer; key: KeyObject } {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(verifierKey.trim())
  const [name, hex, encoded] = [match?.[1], match?.[2], match?.[3]]
  const bytes = Buffer.from(encoded ?? '', 'base64')
  if (name === undefined || hex === undefined || bytes.length !== 33 || bytes[0] !== ed25519) {
    throw new TypeError('not a verifier key of the form name+hash+key')
  }
  const id = keyId(name, bytes.subarray(1))
  if (id.toString('hex') !== hex) throw new TypeError('the verifier key does not match its hash')
  const key = createPublicKey({ key: Buffer.concat([spkiHeader, bytes.subarray(1)]), type: 'spki', format: 'der' })
  return { name, id, key }
}

function keyId(name: string, publicBytes: Uint8Array): Buffer {
  const text = Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([ed25519]), publicBytes])
  return hash('sha256', text, 'buffer').subarray(0, 4)
}
