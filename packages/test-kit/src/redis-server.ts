import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real `redis-server`, or `valkey-server`, of a test's own, which keeps nothing on disk. */
export interface RedisServer {
  url: string
  /** Holds every answer back. */
  freeze(): void
  thaw(): void
  /** Ends it as a power cut does. */
  kill(): Promise<void>
  /** Starts it again, empty, at the same port. */
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * Whether there is one.
 *
 * @throws {Error} There is none, and `CI` is `true`: a check that is skipped there is no check.
 */
export function hasRedisServer(): boolean {
  const found = answersVersion('redis-server')
  if (!found && process.env.CI === 'true') throw new Error('redis-server is not on the PATH; apt install redis-server')
  return found
}

/**
 * The programs of this machine that speak the protocol, for suites that hold on each: `redis-server`, and Valkey where
 * `VALKEY_SERVER` says where it is.
 *
 * @throws {Error} One of them is missing, and `CI` is `true`.
 */
export function redisPrograms(): string[] {
  const { VALKEY_SERVER: valkey, CI } = process.env
  const hasValkey = valkey !== undefined && answersVersion(valkey)
  if (!hasValkey && CI === 'true') throw new Error('VALKEY_SERVER names no valkey-server')
  return [...(hasRedisServer() ? ['redis-server'] : []), ...(hasValkey ? [valkey] : [])]
}

function answersVersion(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0
}

export interface RedisServerOptions {
  /** Default `redis-server`. */
  program?: string
  /** Further arguments, such as `--maxmemory 50mb`, each word apart. */
  settings?: readonly string[]
}

/** Starts one on a free port of loopback. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { program = 'redis-server', settings = [] } = options
  const folder = mkdtempSync(join(tmpdir(), 'redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...settings]
    child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const starting = child
    await new Promise<void>((resolve, reject) => {
      starting.once('exit', () => reject(new Error(`${program} ended`)))
      starting.stdout?.on('data', (text: Buffer) => text.includes('Ready to accept connections') && resolve())
    })
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child
    child = undefined
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
    const exited = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill('SIGCONT')
    ending.kill(signal)
    await exited
  }

  await start()
  return {
    url,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    kill: () => end('SIGKILL'),
    start,
    async stop() {
      await end('SIGTERM')
      rmSync(folder, { recursive: true })
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
