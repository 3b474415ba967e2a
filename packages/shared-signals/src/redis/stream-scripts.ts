import { createHash, randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Signal } from '../signal.ts'
import { answered, redisTimeoutMs } from './connect-redis.ts'
import { fromStandingEntry, readSignals, toStandingEntry, writeSignals } from './signal-format.ts'
import type { StreamPosition } from './stream-position.ts'

/** What a replica finds when it connects. */
export interface StreamHead {
  epoch: string
  /** Of the newest entry. */
  sequence: number
  /** Age of this life of the stream. */
  ageMs: number
  /** The mark of the newest entry; empty when the stream is. */
  mark: string
  /** Whether the entry at the given position is still the one that was read there: nothing behind it is missing then. */
  goesOn: boolean
}

export interface StreamEntry {
  sequence: number
  mark: string
  /** None where the replica that reads has added it. */
  signals: Signal[]
}

/** The keys, and what those of single facts begin with; the braces keep them on one node of a cluster. */
export function streamKeys(name: string) {
  return {
    about: `{${name}}:about`,
    stream: `{${name}}:stream`,
    standing: `{${name}}:standing`,
    once: `{${name}}:once:`,
  }
}

export type StreamKeys = ReturnType<typeof streamKeys>

/** Begins a life of the stream where there is none, and says where it stands. */
const openScript = script(`
local now = redis.call('TIME')
local nowMs = now[1] * 1000 + math.floor(now[2] / 1000)
if redis.call('HEXISTS', KEYS[1], 'epoch') == 0 then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'sequence', 0, 'madeAtMs', nowMs)
end
local about = redis.call('HMGET', KEYS[1], 'epoch', 'sequence', 'madeAtMs')
local known = redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[2])[1]
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local mark = newest and newest[1] == about[2] .. '-0' and newest[2][2] or ''
return { about[1], tonumber(about[2]), tostring(nowMs - tonumber(about[3])), mark, known and known[2][2] or '' }`)

/**
 * Adds what is news to what stands and to the stream, in one step. Times only move forward; what is known adds nothing.
 * What is past retention and an hour is dropped by the store's own clock, since that of one replica may be wrong.
 */
const addScript = script(`
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  return redis.error_reply('NEWEPOCH the store has lost what it held')
end
local news = tonumber(ARGV[6])
for i = 8, #ARGV, 2 do
  news = news + redis.call('ZADD', KEYS[3], 'GT', 'CH', ARGV[i + 1], ARGV[i])
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', redis.call('TIME')[1] - ARGV[5] - 3600)
if news == 0 then return 0 end
local sequence = redis.call('HINCRBY', KEYS[1], 'sequence', 1)
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[7], sequence .. '-0', 'm', ARGV[2], 'o', ARGV[3], 's', ARGV[4])
return sequence`)

/** @param position Where this replica had got. */
export async function openStream(redis: Redis, keys: StreamKeys, position?: StreamPosition): Promise<StreamHead> {
  const answer = await run(redis, openScript, keys, [newMark(), `${position?.sequence ?? 0}-0`])
  const [epoch, sequence, ageMs, mark, known] = answer as [string, number, string, string, string]
  const goesOn = position !== undefined && position.epoch === epoch && known !== '' && position.mark === known
  return { epoch, sequence, ageMs: Number(ageMs), mark, goesOn }
}

export interface AddOptions {
  epoch: string
  origin: string
  retentionSeconds: number
  /** Entries that the stream is cut to, about. */
  mostEntries: number
}

/** @throws {Error} The store is away, refuses to write, or has lost what it held. */
export async function addToStream(
  redis: Redis,
  keys: StreamKeys,
  signals: readonly Signal[],
  { epoch, origin, retentionSeconds, mostEntries }: AddOptions,
): Promise<void> {
  // Times are whole seconds: a second change of permissions within one is news that no time shows.
  const alwaysNews = signals.some(({ kind }) => kind === 'permissions_changed') ? 1 : 0
  const entries = signals.map(toStandingEntry).flatMap(({ member, score }) => [member, score])
  const about = [epoch, newMark(), origin, writeSignals(signals), retentionSeconds, alwaysNews, mostEntries]
  await run(redis, addScript, keys, [...about, ...entries])
}

/**
 * Waits for entries after a position, no longer than `blockMs`.
 *
 * @param ownOrigin The replica that reads: what it has added itself is in force there, and is not read again.
 * @returns Those that follow the position and one another without a gap, and whether that is all there was.
 * @throws {Error} The first is missing: the stream was cut, or the store lost it.
 */
export async function readStream(
  redis: Redis,
  keys: StreamKeys,
  after: number,
  { ownOrigin, count, blockMs }: { ownOrigin: string; count: number; blockMs: number },
): Promise<{ entries: StreamEntry[]; isWhole: boolean }> {
  const asked = redis.xread('COUNT', count, 'BLOCK', blockMs, 'STREAMS', keys.stream, `${after}-0`)
  const found = (await answered(asked, blockMs + redisTimeoutMs))?.[0]?.[1] ?? []
  const entries: StreamEntry[] = []
  for (const [id, [, mark = '', , origin = '', , text = '']] of found) {
    const sequence = Number(id.split('-')[0])
    // What came before a gap is taken in first: who begins anew with all of it may never get past.
    if (sequence !== after + 1 + entries.length) break
    entries.push({ sequence, mark, signals: origin === ownOrigin ? [] : readSignals(text) })
  }
  if (found.length > 0 && entries.length === 0) throw new Error(`the stream misses entries after ${after}`)
  return { entries, isWhole: entries.length === found.length }
}

/** Where the stream stands now: its life, and the number of its newest entry. */
export async function readHead(redis: Redis, keys: StreamKeys): Promise<{ epoch: string | null; sequence: number }> {
  const [epoch = null, sequence] = await answered(redis.hmget(keys.about, 'epoch', 'sequence'), redisTimeoutMs)
  return { epoch, sequence: Number(sequence ?? 0) }
}

/** Everything that stands, a page at a time. What changes meanwhile is in the stream as well. */
export async function* readStanding(redis: Redis, keys: StreamKeys): AsyncGenerator<Signal[]> {
  let cursor = '0'
  do {
    const [next, flat] = await answered(redis.zscan(keys.standing, cursor, 'COUNT', 1_000), redisTimeoutMs)
    const signals: Signal[] = []
    for (let i = 0; i + 1 < flat.length; i += 2) signals.push(fromStandingEntry(flat[i] as string, Number(flat[i + 1])))
    if (signals.length > 0) yield signals
    cursor = next
  } while (cursor !== '0')
}

/** Remembers a fact by its hash until it expires. @returns false when it was remembered already. */
export async function rememberOnce(redis: Redis, keys: StreamKeys, id: string, expiresAt: number): Promise<boolean> {
  const key = `${keys.once}${createHash('sha256').update(id).digest('base64url')}`
  // A relative time and a minute more: the clocks of the store and of this process may differ.
  const milliseconds = Math.ceil(Math.max(0, expiresAt * 1_000 - Date.now())) + 60_000
  return (await answered(redis.set(key, '', 'PX', milliseconds, 'NX'), redisTimeoutMs)) === 'OK'
}

/** @throws {Error} The store may drop entries when its memory runs short, and nobody would notice. */
export async function refuseEviction(redis: Redis): Promise<void> {
  const info = await answered(redis.info('memory'), redisTimeoutMs)
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? ''
  const isBounded = /^maxmemory:[1-9]/m.test(info)
  if (isBounded && policy !== 'noeviction')
    throw new Error(`the store may forget cut-offs: set maxmemory-policy to noeviction, found ${policy}`)
}

interface Script {
  lua: string
  digest: string
}

function script(lua: string): Script {
  return { lua, digest: createHash('sha1').update(lua).digest('hex') }
}

async function run(redis: Redis, { lua, digest }: Script, keys: StreamKeys, args: (string | number)[]) {
  const names = [keys.about, keys.stream, keys.standing]
  try {
    return await answered(redis.evalsha(digest, names.length, ...names, ...args), redisTimeoutMs)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return answered(redis.eval(lua, names.length, ...names, ...args), redisTimeoutMs)
  }
}

function newMark(): string {
  return randomBytes(6).toString('base64url')
}
