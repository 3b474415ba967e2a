import { hash } from 'node:crypto'
import type { AuditEvent, AuditRecord } from './audit-event.ts'

/** `previous` of the first record: 32 zero bytes in base64url. */
export const firstPrevious: string = 'A'.repeat(43)

/** A record as it is stored: one line of JSON without the line feed, and its hash. */
export interface RecordLine {
  line: string
  hash: string
}

const hashMember = '{"hash":"'
/** Length of `{"hash":"…43 characters…",`. */
const prefixLength = hashMember.length + 43 + 2

/**
 * Writes an event, see {@link eventText}, as the record that follows `previous`.
 *
 * The line is `{"hash":H,"sequence":N,"previous":P,"event":{…}}`. H is the SHA-256 of a zero byte and the line without
 * its `hash` member, which makes it the leaf hash of a Merkle tree as in RFC 6962; because P is in it, the records
 * also form a chain.
 */
export function writeRecordLine(sequence: number, previous: string, event: string): RecordLine {
  const rest = `"sequence":${sequence},"previous":"${previous}","event":${event}}`
  const digest = hash('sha256', `\0{${rest}`, 'base64url')
  return { line: `${hashMember}${digest}",${rest}`, hash: digest }
}

/** The bytes of a stored line that its hash is over, or undefined when it does not begin with a hash. */
export function recordBody(line: string): { hash: string; body: string } | undefined {
  if (!line.startsWith(hashMember) || line.slice(prefixLength - 2, prefixLength) !== '",') return undefined
  return { hash: line.slice(hashMember.length, prefixLength - 2), body: `{${line.slice(prefixLength)}` }
}

/** Leaf hash of a record's body, base64url. */
export function hashBody(body: string): string {
  return hash('sha256', `\0${body}`, 'base64url')
}

/** Reads a stored line without checking its hash. */
export function parseRecordLine(line: string): AuditRecord {
  return JSON.parse(line) as AuditRecord
}

// JSON allows these unescaped; terminals and line splitters do not take them as text.
const unsafeInLines = /[\u007f-\u009f\u2028\u2029]/g
const compactToken = /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g

/** An event as it is stored: JSON that is one line everywhere and holds no token. */
export function eventText(event: AuditEvent): string {
  const text = JSON.stringify(event)
  return withoutTokens(isPlain(text) ? text : text.replace(unsafeInLines, escaped))
}

/** Only ASCII: found out in a fraction of the time that looking at each character takes. */
function isPlain(text: string): boolean {
  return Buffer.byteLength(text) === text.length && !text.includes('\u007f')
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** A token that slipped into an argument or a message must not outlive its use. */
export function withoutTokens(text: string): string {
  // Rarer than the `e` before them, and so found faster.
  return text.includes('yJ') ? text.replace(compactToken, '[token removed]') : text
}

/** Sequence and hash of a stored line, or undefined when its bytes do not have the hash that it states. */
export function headOfLine(bytes: Buffer): { sequence: number; hash: string } | undefined {
  const line = bytes.toString('utf8')
  const found = recordBody(line)
  if (found === undefined || hashBody(found.body) !== found.hash) return undefined
  return { sequence: parseRecordLine(line).sequence, hash: found.hash }
}
