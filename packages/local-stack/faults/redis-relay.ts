import { type AddressInfo, createServer, connect as openSocket, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from './random.ts'
import { type RedisReply, readReply, writeReply } from './redis-reply.ts'
import { type Loss, noLoss } from './signal-relay.ts'

/** What became of the entries of the stream on their way to one replica. */
export interface EntryCounts {
  received: number
  dropped: number
  duplicated: number
  reordered: number
  /** Answers that were held back. */
  delayed: number
}

/** Stands between one replica and the store: commands pass, entries of the stream pass as {@link Loss} says. */
export interface RedisRelay {
  url: string
  /** From now on. */
  loss: Loss
  readonly counts: EntryCounts
  close(): Promise<void>
}

/** A store that is slow for good is one that is away: this share of its answers is held back. */
const delayedShare = 0.03

export async function startRedisRelay(storeUrl: string, random: Random): Promise<RedisRelay> {
  const store = new URL(storeUrl)
  const counts: EntryCounts = { received: 0, dropped: 0, duplicated: 0, reordered: 0, delayed: 0 }
  const sockets = new Set<Socket>()
  const server = createServer((replica) => {
    const upstream = openSocket(Number(store.port), store.hostname)
    for (const socket of [replica, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.once('error', () => {})
      socket.once('close', () => {
        sockets.delete(socket)
        replica.destroy()
        upstream.destroy()
      })
    }
    replica.pipe(upstream)
    passReplies(upstream, replica)
  })

  /** In order, as on every connection. */
  function passReplies(upstream: Socket, replica: Socket): void {
    let unread: Buffer = Buffer.alloc(0)
    let passed = Promise.resolve()
    upstream.on('data', (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk])
      for (let reply = readReply(unread, 0); reply !== undefined; reply = readReply(unread, 0)) {
        const raw = unread.subarray(0, reply.end)
        unread = unread.subarray(reply.end)
        const { value } = reply
        passed = passed.then(async () => {
          const delayMs = delayOf()
          if (delayMs > 0) await sleep(delayMs)
          if (!replica.destroyed) replica.write(lossy(value, raw))
        })
      }
    })
  }

  function delayOf(): number {
    const { delayedMs } = relay.loss
    if (delayedMs === 0 || !random.chance(delayedShare)) return 0
    counts.delayed += 1
    return random.between(0, delayedMs)
  }

  function lossy(value: RedisReply, raw: Buffer): Buffer {
    const { dropped, duplicated, reordered } = relay.loss
    const read = entriesOf(value)
    if (read === undefined || dropped + duplicated + reordered === 0) return raw
    counts.received += read.entries.length
    const kept = read.entries.flatMap((entry) => {
      if (random.chance(dropped)) {
        counts.dropped += 1
        return []
      }
      if (!random.chance(duplicated)) return [entry]
      counts.duplicated += 1
      return [entry, entry]
    })
    for (let at = 1; at < kept.length; at += 1) {
      if (!random.chance(reordered)) continue
      counts.reordered += 1
      ;[kept[at - 1], kept[at]] = [kept[at] as RedisReply, kept[at - 1] as RedisReply]
    }
    return writeReply(kept.length === 0 ? null : [[read.key, kept]])
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve())
  })
  const relay: RedisRelay = {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loss: noLoss,
    counts,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return relay
}

/** The entries of an answer to `XREAD` of one stream: `[[key, [[id, […]], …]]]`. */
function entriesOf(value: RedisReply): { key: RedisReply; entries: RedisReply[] } | undefined {
  if (!Array.isArray(value) || value.length !== 1) return undefined
  const [stream] = value
  if (!Array.isArray(stream) || stream.length !== 2) return undefined
  const [key, entries] = stream
  if (!(key instanceof Buffer) || !key.toString().endsWith(':stream') || !Array.isArray(entries)) return undefined
  return { key, entries }
}
