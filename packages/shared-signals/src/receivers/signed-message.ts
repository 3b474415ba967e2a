import type { JWTPayload } from 'jose'
import { refuseSignal } from './refused-signal.ts'

/** A signed message in its parts (RFC 7515 section 7.1). Nothing in it is verified. */
export interface SignedMessage {
  header: Readonly<Record<string, unknown>> & { alg: string }
  claims: JWTPayload
  /** What the signature is over. */
  signed: Buffer
  signature: Buffer
}

/** Longest message that is looked at, in characters. */
const longestMessage = 65_536
const compactForm = /^[\w-]+\.[\w-]+\.[\w-]+$/

/**
 * Takes a message in compact form apart: three parts in canonical base64url, header and claims JSON objects in UTF-8, an
 * algorithm, and no extension that would have to be understood (RFC 7515 section 4.1.11).
 *
 * @throws {RefusedSignalError} It is something else.
 */
export function readSignedMessage(compact: string): SignedMessage {
  if (compact.length > longestMessage || !compactForm.test(compact))
    return refuseSignal('invalid_request', 'expected a compact JWS')
  const [header, claims, signature] = compact.split('.').map(decode) as [Buffer, Buffer, Buffer]
  const { alg, ...members } = readObject(header)
  if (typeof alg !== 'string' || members.crit !== undefined)
    return refuseSignal('invalid_request', 'expected a signed message without extensions')
  return {
    header: { alg, ...members },
    claims: readObject(claims),
    signed: Buffer.from(compact.slice(0, compact.lastIndexOf('.')), 'latin1'),
    signature,
  }
}

function decode(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : refuseSignal('invalid_request', 'expected canonical base64url')
}

function readObject(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Whatever it was, it is refused below.
  }
  return refuseSignal('invalid_request', 'header and claims must be JSON objects')
}
