import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRandom } from '../../faults/random.ts'
import { type RedisRelay, startRedisRelay } from '../../faults/redis-relay.ts'
import { readReply, writeReply } from '../../faults/redis-reply.ts'
import { noLoss } from '../../faults/signal-relay.ts'

const bulk = (text: string) => Buffer.from(text)
const entry = (id: string) => [bulk(id), [bulk('m'), bulk('mark')]]
const news = writeReply([[bulk('{mcp-signals}:stream'), [entry('1-0'), entry('2-0')]]]).toString()
const pong = '+PONG\r\n'
let store: Server
let relay: RedisRelay
let replica: Socket

/** A store that answers whatever it is sent with just that. */
beforeEach(async () => {
  store = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
  await once(store, 'listening')
  relay = await startRedisRelay(`redis://127.0.0.1:${(store.address() as AddressInfo).port}`, createRandom(1))
  replica = connect(Number(new URL(relay.url).port), '127.0.0.1')
  await once(replica, 'connect')
})
afterEach(async () => {
  replica.destroy()
  await relay.close()
  store.close()
})

/** Sends replies through the relay and waits until the last of them, which nothing happens to, has come. */
async function through(text: string): Promise<string> {
  let come = ''
  replica.setEncoding('utf8')
  replica.write(`${text}${pong}`)
  while (!come.endsWith(pong)) come += (await once(replica, 'data'))[0]
  return come.slice(0, -pong.length)
}

const idsOf = (text: string): string[] => {
  const value = readReply(Buffer.from(text), 0)?.value as [[Buffer, [Buffer, unknown][]]] | null
  return value === null ? [] : value[0][1].map(([id]) => id.toString())
}

describe('a relay between a replica and the store', () => {
  it('passes everything as it is without loss', async () => {
    expect(await through(`${news}:5\r\n-ERR no\r\n`)).toBe(`${news}:5\r\n-ERR no\r\n`)
  })

  it('drops entries of the stream, and answers that there is no news', async () => {
    relay.loss = { ...noLoss, dropped: 1 }
    expect(await through(news)).toBe('*-1\r\n')
    expect(relay.counts).toMatchObject({ received: 2, dropped: 2 })
  })

  it('repeats them', async () => {
    relay.loss = { ...noLoss, duplicated: 1 }
    expect(idsOf(await through(news))).toEqual(['1-0', '1-0', '2-0', '2-0'])
  })

  it('puts them in another order', async () => {
    relay.loss = { ...noLoss, reordered: 1 }
    expect(idsOf(await through(news))).toEqual(['2-0', '1-0'])
  })

  it('does nothing to answers about anything else', async () => {
    relay.loss = { ...noLoss, dropped: 1, duplicated: 1, reordered: 1 }
    const others = writeReply([[bulk('{mcp-signals}:about'), [entry('1-0')]]]).toString()
    expect(await through(`${others}*0\r\n`)).toBe(`${others}*0\r\n`)
  })
})
