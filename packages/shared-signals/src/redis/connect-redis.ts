import { Redis } from 'ioredis'

/** Where the shared store is. It holds no token; it does hold who was cut off, so keep it as safe as the audit log. */
export interface RedisAddress {
  /** `redis://host:6379/0`, or `rediss://…` for TLS. Holds no credentials. */
  url: string
  /** For an ACL user; leave it out for the default one. */
  username?: string | undefined
  password?: string | undefined
  /** PEM of the authority that signed the server's certificate. Default: those that Node trusts. */
  ca?: string | undefined
}

/** How long a connection or an answer may take. A store that is slower counts as away. */
export const redisTimeoutMs = 1_500

/**
 * Opens one connection, once: when it breaks it stays broken, and its commands fail at once.
 *
 * @throws {TypeError} The address is no Redis URL, or holds credentials.
 * @throws {Error} Nobody answers within {@link redisTimeoutMs}, or refuses the credentials.
 */
export async function connectRedis(address: RedisAddress, connectionName: string): Promise<Redis> {
  const { hostname, port, db, isEncrypted } = readRedisUrl(address.url)
  const redis = new Redis({
    host: hostname,
    port,
    db,
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(isEncrypted ? { tls: { servername: hostname, ...(address.ca === undefined ? {} : { ca: address.ca }) } } : {}),
    connectionName,
    lazyConnect: true,
    protocol: 2,
    connectTimeout: redisTimeoutMs,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  })
  // Each command tells of the failure itself; without a listener the process would end.
  redis.on('error', () => {})
  try {
    await answered(redis.connect(), redisTimeoutMs)
    await answered(redis.ping(), redisTimeoutMs)
    return redis
  } catch (error) {
    redis.disconnect()
    throw error
  }
}

/** @throws {TypeError} The address is no Redis URL, or holds credentials. */
export function readRedisUrl(text: string): { hostname: string; port: number; db: number; isEncrypted: boolean } {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const db = /^\/?(\d{0,5})$/.exec(url?.pathname ?? '')?.[1]
  if (url === undefined || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '' || db === undefined) {
    throw new TypeError(`expected redis://host:port/number or rediss://…, found ${text.replace(/\/\/[^@/]*@/, '//…@')}`)
  }
  if (url.username !== '' || url.password !== '')
    throw new TypeError('the address of the store must hold no credentials; give "username" and "password" apart')
  return {
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    db: Number(db || 0),
    isEncrypted: url.protocol === 'rediss:',
  }
}

/** Rejects when there is no answer in time. What was asked may still happen. */
export async function answered<T>(answer: Promise<T>, withinMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the store did not answer within ${withinMs} ms`)), withinMs)
    timer.unref()
  })
  answer.catch(() => {})
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
