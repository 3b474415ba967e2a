/** A reply of Redis (RESP2). Simple strings and errors keep their sign, so that they are written as they were read. */
export type RedisReply = Buffer | number | null | { line: string } | RedisReply[]

const endOfLine = '\r\n'

/**
 * Reads one reply.
 *
 * @returns The reply and where it ends; undefined when it is not all there yet.
 * @throws {TypeError} The bytes are no reply.
 */
export function readReply(bytes: Buffer, start: number): { value: RedisReply; end: number } | undefined {
  const lineEnd = bytes.indexOf(endOfLine, start)
  if (lineEnd === -1) return undefined
  const line = bytes.toString('utf8', start, lineEnd)
  const end = lineEnd + endOfLine.length
  const count = Number(line.slice(1))
  switch (line[0]) {
    case '+':
    case '-':
      return { value: { line }, end }
    case ':':
      return { value: count, end }
    case '$':
      if (count === -1) return { value: null, end }
      if (bytes.length < end + count + endOfLine.length) return undefined
      return { value: bytes.subarray(end, end + count), end: end + count + endOfLine.length }
    case '*':
      return count === -1 ? { value: null, end } : readItems(bytes, end, count)
    default:
      throw new TypeError(`the store answered with what is no reply: ${line.slice(0, 20)}`)
  }
}

function readItems(bytes: Buffer, start: number, count: number): { value: RedisReply[]; end: number } | undefined {
  const value: RedisReply[] = []
  let end = start
  for (let item = 0; item < count; item += 1) {
    const read = readReply(bytes, end)
    if (read === undefined) return undefined
    value.push(read.value)
    end = read.end
  }
  return { value, end }
}

/** Writes a reply; nothing is written as an array that is none, as `XREAD` answers when there is no news. */
export function writeReply(reply: RedisReply): Buffer {
  if (reply === null) return Buffer.from(`*-1${endOfLine}`)
  if (typeof reply === 'number') return Buffer.from(`:${reply}${endOfLine}`)
  if (Array.isArray(reply))
    return Buffer.concat([Buffer.from(`*${reply.length}${endOfLine}`), ...reply.map(writeReply)])
  if ('line' in reply) return Buffer.from(`${reply.line}${endOfLine}`)
  return Buffer.concat([Buffer.from(`$${reply.length}${endOfLine}`), reply, Buffer.from(endOfLine)])
}
