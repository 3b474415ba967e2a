import { CutOffTable } from './cut-off-table.ts'

/** What a snapshot holds. Its hashes mean something only together with its key. */
export interface Snapshot {
  hashKey: Uint32Array<ArrayBuffer>
  usedKinds: number
  issuers: string[]
  table: CutOffTable
}

const format = 'cut-offs 1'
const entryBytes = 13

/** One line of JSON, a line feed, then 13 bytes an entry: hash low, hash high, time (each 32 bits, little-endian), mark. */
export function writeSnapshot({ hashKey, usedKinds, issuers, table }: Snapshot): Uint8Array {
  const head = Buffer.from(
    `${JSON.stringify({ format, hashKey: [...hashKey], usedKinds, issuers, entries: table.size })}\n`,
  )
  const bytes = Buffer.alloc(head.length + table.size * entryBytes)
  head.copy(bytes)
  let at = head.length
  table.each((low, high, time, mark) => {
    bytes.writeUInt32LE(low, at)
    bytes.writeUInt32LE(high, at + 4)
    bytes.writeUInt32LE(time, at + 8)
    bytes.writeUInt8(mark, at + 12)
    at += entryBytes
  })
  return bytes
}

/** @throws {TypeError} These bytes are no snapshot of this format, or they were cut short. */
export function readSnapshot(snapshot: Uint8Array): Snapshot {
  const bytes = Buffer.from(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength)
  const end = bytes.indexOf(0x0a)
  const head = readHead(bytes.toString('utf8', 0, Math.max(end, 0)))
  if (bytes.length !== end + 1 + head.entries * entryBytes) throw new TypeError('the snapshot was cut short')
  const table = new CutOffTable(head.entries * 2)
  for (let at = end + 1; at < bytes.length; at += entryBytes) {
    table.raise(
      bytes.readUInt32LE(at),
      bytes.readUInt32LE(at + 4),
      bytes.readUInt32LE(at + 8),
      bytes.readUInt8(at + 12),
    )
  }
  return { hashKey: new Uint32Array(head.hashKey), usedKinds: head.usedKinds, issuers: head.issuers, table }
}

interface Head {
  format: string
  hashKey: number[]
  usedKinds: number
  issuers: string[]
  entries: number
}

function readHead(line: string): Head {
  try {
    const head = JSON.parse(line) as Head
    if (head.format === format && Number.isSafeInteger(head.entries) && head.hashKey.length === 2) return head
  } catch {
    // Whatever it was, it is told below what it should have been.
  }
  throw new TypeError(`expected a snapshot of the format "${format}"`)
}
