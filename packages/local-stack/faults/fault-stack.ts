import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RedisServer, startRedisServer } from '@mcp-identity/test-kit'
import { callerOf, type ReplicaCaller } from '../bench/replica-calls.ts'
import { type NodePart, nodeParts, type PartsContext, partData } from '../src/parts.ts'
import { waitUntilReady } from '../src/process/readiness.ts'
import { type RunRecord, readRunRecord } from '../src/process/run-record.ts'
import { type RunningProcess, startNode } from '../src/process/running-process.ts'
import type { TellProgress } from '../src/progress/progress.ts'
import { replicateMcpServer } from '../src/replicas.ts'
import type { MachineSettings } from '../src/settings.ts'
import { StackError } from '../src/stack-error.ts'
import type { StackFile } from '../src/stack-file.ts'
import { findWorkspaceRoot } from '../src/stack-folder.ts'
import { type Stack, startStack } from '../src/start-stack.ts'
import { type CountingRelay, startCountingRelay } from './counting-relay.ts'
import type { Random } from './random.ts'
import { type RedisRelay, startRedisRelay } from './redis-relay.ts'
import { type SignalRelay, startSignalRelay } from './signal-relay.ts'

/** A replica that can be killed, started again and told a wrong time. */
export interface FaultyReplica {
  /** From 1 on. */
  number: number
  caller: ReplicaCaller
  /** Between it and the store. */
  redis: RedisRelay
  /** `kill -9`. */
  kill(): Promise<void>
  /** Starts it again with what it had kept. Resolves when it says that it is ready, to how long that took in milliseconds. */
  start(): Promise<number>
  /** Seconds that its clock is ahead from now on; negative: behind. It notices within 50 ms. */
  shiftClock(seconds: number): void
  stop(): Promise<void>
}

/** A stack with several replicas and a relay on each way by which news reaches them. */
export interface FaultStack {
  file: StackFile
  replicas: FaultyReplica[]
  store: RedisServer
  /** Between the corporate IdP and the replica that receives its signals. */
  signals: SignalRelay
  /** What the replicas ask Keycloak. */
  asked: CountingRelay
  keycloak: { kill(): Promise<void>; start(): Promise<number> }
  stop(): Promise<void>
}

export interface FaultStackOptions {
  settings: MachineSettings
  replicas: number
  random: Random
  /** The program that joins the replicas. */
  store: string
  tell: TellProgress
  signal: AbortSignal
}

const clockFile = fileURLToPath(new URL('./shifted-clock.ts', import.meta.url))
const readyTimeoutMs = 60_000

/**
 * Starts it: the real Keycloak as a process of this machine, the corporate IdP, a Redis, replicas of the MCP server.
 *
 * @throws {StackError} The store is missing, or a part failed.
 */
export async function startFaultStack(options: FaultStackOptions): Promise<FaultStack> {
  const { settings, random, tell, signal } = options
  const undo: (() => unknown)[] = []
  const stop = async (): Promise<void> => {
    for (const work of undo.splice(0).reverse()) await work()
  }
  try {
    const directory = mkdtempSync(join(tmpdir(), 'mcp-identity-faults-'))
    undo.push(() => rmSync(directory, { recursive: true, force: true }))
    const store = await startRedisServer({ program: options.store }).catch((cause: unknown) => {
      throw new StackError(`${options.store}, which joins the replicas, could not be started`, {
        cause,
        nextStep: 'Install it, such as by apt install redis-server, or name another with --store.',
      })
    })
    undo.push(store.stop)
    const relays: RedisRelay[] = []
    for (let number = 1; number <= options.replicas; number += 1) {
      const relay = await startRedisRelay(store.url, random.fork(`store ${number}`))
      undo.push(relay.close)
      relays.push(relay)
    }
    let layout: { parts: NodePart[]; context: PartsContext } | undefined
    const keycloakPort = () => layout?.context.ports.keycloak ?? 0
    const asked = await startCountingRelay(keycloakPort)
    undo.push(asked.close)
    const stack = await startStack({
      settings,
      directory,
      keycloak: 'jvm',
      parts: (context) => {
        const parts = replicaParts(context, relays, asked)
        layout = { parts, context }
        return nodeParts(context).filter(({ name }) => name === 'corporate-idp')
      },
      tell,
      signal,
    })
    undo.push(stack.stop)
    const { parts, context } = layout as unknown as { parts: NodePart[]; context: PartsContext }
    const keycloak = keycloakOf(stack, context, signal)
    undo.push(keycloak.stop)
    const signals = await startSignalRelay({
      port: context.ports.mcp,
      targetPort: Number(parts[0]?.environment.MCP_PORT),
      random: random.fork('signals'),
    })
    undo.push(signals.close)
    const replicas = parts.map((part, index) =>
      replicaOf(part, index + 1, { stack, settings, redis: relays[index] as RedisRelay, signal }),
    )
    undo.push(() => Promise.all(replicas.map((replica) => replica.stop())))
    await Promise.all(replicas.map((replica) => replica.start()))
    return { file: stack.file, replicas, store, signals, asked, keycloak, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Every replica beside the address of the resource, where the relay stands, and Keycloak asked by way of the other. */
function replicaParts(context: PartsContext, relays: readonly RedisRelay[], asked: CountingRelay): NodePart[] {
  const { addresses, ports } = context
  const { replicas } = replicateMcpServer(nodeParts(context), context, { count: relays.length, redisUrl: '' })
  const asThroughRelay = (address: string): string => address.replace(addresses.keycloak, asked.origin)
  return replicas.map(({ port, part }, index) => {
    const signals = JSON.parse(part.environment.MCP_SIGNALS ?? '{}')
    const [feed] = signals.keycloakEvents
    const admin = addresses.issuer.replace('/realms/', '/admin/realms/')
    const ownPort = index === 0 ? ports.mcp + 4 : port
    const [issuer] = JSON.parse(part.environment.MCP_ISSUERS ?? '[]')
    const environment = {
      ...part.environment,
      MCP_PORT: String(ownPort),
      MCP_ISSUERS: JSON.stringify([
        { ...issuer, jwksUri: asThroughRelay(`${addresses.issuer}/protocol/openid-connect/certs`) },
      ]),
      MCP_SIGNALS: JSON.stringify({
        ...signals,
        keycloakEvents: [
          {
            ...feed,
            adminBaseUrl: asThroughRelay(admin),
            tokenEndpoint: asThroughRelay(`${addresses.issuer}/protocol/openid-connect/token`),
          },
        ],
        redis: { url: relays[index]?.url },
      }),
    }
    return { ...part, environment, readiness: `http://localhost:${ownPort}/readyz` }
  })
}

interface ReplicaContext {
  stack: Stack
  settings: MachineSettings
  redis: RedisRelay
  signal: AbortSignal
}

/** What is started here is ended here; a killed main process ends it by the closing of its channel. */
const unrecorded: RunRecord = { add() {}, remove() {} }

function replicaOf(part: NodePart, number: number, { stack, settings, redis, signal }: ReplicaContext): FaultyReplica {
  const data = partData(stack.folder, part.name)
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const shiftFile = join(data, 'clock-shift')
  let running: RunningProcess | undefined
  const caller = callerOf(Number(part.environment.MCP_PORT), stack.file.urls.mcp)
  return {
    number,
    caller,
    redis,
    async start() {
      const startedAt = performance.now()
      running = startNode(
        {
          name: part.title,
          args: ['--import', clockFile, 'src/main.ts'],
          environment: { ...settings.environment, ...part.environment, CLOCK_SHIFT_FILE: shiftFile },
          folder: join(findWorkspaceRoot(), part.folder),
          logFile: join(stack.folder.logs, `${part.name}.log`),
        },
        unrecorded,
      )
      await waitUntilReady(running, { url: part.readiness, timeoutMs: readyTimeoutMs }, signal)
      return performance.now() - startedAt
    },
    async kill() {
      if (running === undefined) return
      process.kill(running.pid, 'SIGKILL')
      await running.exited
    },
    shiftClock: (seconds) => writeFileSync(shiftFile, String(seconds)),
    async stop() {
      caller.close()
      await running?.stop()
    },
  }
}

/** The process that Keycloak is, to be killed and started again with all that it was started with. */
function keycloakOf(stack: Stack, { addresses }: PartsContext, signal: AbortSignal) {
  const found = readRunRecord(stack.folder.runRecord).filter(({ name }) => name === 'Keycloak')
  // Its keeper goes by the same name and came first.
  let pid = found.at(-1)?.pid ?? 0
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  const environment = Object.fromEntries(
    readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .filter((entry) => entry.includes('='))
      .map((entry): [string, string] => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  )
  const folder = readlinkSync(`/proc/${pid}/cwd`)
  let child: ChildProcess | undefined
  return {
    async kill() {
      process.kill(pid, 'SIGKILL')
      while (isThere(pid)) await new Promise((resolve) => setTimeout(resolve, 20))
    },
    async start() {
      const startedAt = performance.now()
      const [program = '', ...args] = command
      child = spawn(program, args, { env: environment, cwd: folder, stdio: 'ignore' })
      pid = child.pid ?? 0
      const exited = new Promise<number>((resolve) => child?.once('exit', (code) => resolve(code ?? 137)))
      const running: RunningProcess = {
        name: 'Keycloak',
        pid,
        logFile: join(stack.folder.logs, 'keycloak.log'),
        nextStep: undefined,
        exited,
        announced: new Promise(() => {}),
        stop: async () => {},
      }
      await waitUntilReady(running, { url: addresses.keycloakReadiness, timeoutMs: readyTimeoutMs }, signal)
      return performance.now() - startedAt
    },
    async stop() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
      const exited = new Promise((resolve) => child?.once('exit', resolve))
      child.kill('SIGKILL')
      await exited
    },
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
