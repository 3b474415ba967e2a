import { describe, expect, it } from 'vitest'
import { type RedisReply, readReply, writeReply } from '../../faults/redis-reply.ts'

const entry = '*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nm\r\n$2\r\n\r\n\r\n'
const replies = [
  '+OK\r\n',
  '-ERR no\r\n',
  ':-12\r\n',
  '$0\r\n\r\n',
  '*0\r\n',
  '*-1\r\n',
  entry,
  `*2\r\n${entry}${entry}`,
]

describe('a reply of Redis', () => {
  it.each(replies)('is written as it was read: %j', (text) => {
    const read = readReply(Buffer.from(text), 0)
    expect(read?.end).toBe(text.length)
    expect(writeReply(read?.value as RedisReply).toString()).toBe(text)
  })

  it.each(replies)('is not read before all of it is there: %j', (text) => {
    for (let length = 0; length < text.length; length += 1)
      expect(readReply(Buffer.from(text.slice(0, length)), 0)).toBeUndefined()
  })

  it('ends where the next one begins', () => {
    const bytes = Buffer.from(`:1\r\n${entry}`)
    const first = readReply(bytes, 0)
    expect(first).toEqual({ value: 1, end: 4 })
    expect(readReply(bytes, first?.end ?? 0)?.end).toBe(bytes.length)
  })

  it('of no bulk string counts as nothing', () => {
    expect(readReply(Buffer.from('$-1\r\n'), 0)).toEqual({ value: null, end: 5 })
  })

  it('is refused where it is none', () => {
    expect(() => readReply(Buffer.from('HTTP/1.1 200\r\n'), 0)).toThrow(TypeError)
  })
})
