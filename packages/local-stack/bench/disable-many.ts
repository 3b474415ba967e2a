import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { importJWK, SignJWT } from 'jose'
import { claimsOf, type ToolCall } from '../src/doors/door.ts'
import type { StackFile } from '../src/stack-file.ts'
import type { Load, LoadResult } from './load.ts'
import { countProcessorTime, type ProcessorTime } from './processor-time.ts'
import { type SignalPusher, startSignalPusher } from './push-signals.ts'
import type { ReplicaCaller } from './replica-calls.ts'
import { watchRefusals } from './watch-refusals.ts'

export interface ManyDisabledOptions {
  stack: StackFile
  callers: readonly ReplicaCaller[]
  /** Access tokens of people who are told of last. */
  tokens: readonly string[]
  /** How many are disabled, these included. */
  people: number
  /** Calls of somebody else; ended here. */
  load: Load
  tool: ToolCall
  /** Those of the stack, whose processor time is told. */
  processes: readonly { name: string; pid: number }[]
  /** Told what goes on, for who waits. */
  tell(step: string): void
  /** Ends it early. */
  signal: AbortSignal
}

/** How it went when many were disabled in one go. */
export interface ManyDisabled {
  people: number
  /** From the first signal to the answer to the last. */
  toldMs: number
  /** From the first signal to the first refusal of each token at each replica. */
  deniedAfterMs: number[]
  allowedAfterwards: number
  /** Calls of somebody else before, from the first signal to the answer to the last, and in the two seconds after. */
  before: LoadResult
  during: LoadResult
  after: LoadResult
  /**
   * How long this process, which makes the calls and takes their times, was late itself meanwhile, in milliseconds (p99, 1 of
   * which is the clock's): a part of the times above is not the servers'.
   */
  ownDelayP99Ms: number
  /** What each process spent in the 15 s before, and while all were told of; undefined where it cannot be known. */
  processorMs: { before: ProcessorTime | undefined; during: ProcessorTime | undefined }
}

const accountDisabled = 'https://schemas.openid.net/secevent/risc/event-type/account-disabled'
/** Signals on their way at once. */
const atOnce = 64
/** Servers that have served for a while have compiled what a call runs through. */
const warmUpMs = 30_000
const watchBeforeMs = 15_000
const giveUpAfterMs = 300_000
const callsAfterwards = 20
/** Whoever looks must not be the load. */
const betweenCallsMs = 100

/**
 * Disables many people at once: a Security Event Token each (RISC account-disabled, RFC 8935), signed by the corporate IdP
 * and pushed to one replica. All but the last are made up, since nobody signs ten thousand people in; what a signal costs
 * does not depend on whether its person holds a token.
 */
export async function disableMany(options: ManyDisabledOptions): Promise<ManyDisabled> {
  const { stack, tokens, people, load, tell } = options
  const subjects = [
    ...Array.from({ length: people - tokens.length }, () => randomUUID() as string),
    ...tokens.map((token) => claimsOf(token).sub),
  ]
  try {
    tell(`Signing ${people} signals`)
    const pusher = await startPusher(stack, await sign(stack, subjects))
    try {
      return await disableAndWatch(options, pusher)
    } finally {
      pusher.close()
    }
  } finally {
    await load.end()
  }
}

async function disableAndWatch(options: ManyDisabledOptions, pusher: SignalPusher): Promise<ManyDisabled> {
  const { callers, tokens, people, load, tool, processes, tell, signal } = options
  tell(`Watching the calls of others for ${(warmUpMs + watchBeforeMs) / 1_000} s`)
  await sleep(warmUpMs, undefined, { signal })
  load.look()
  const counted = [
    ...processes,
    { name: 'sender of the signals', pid: pusher.pid },
    { name: 'caller of the tools', pid: process.pid },
  ]
  const spentBefore = countProcessorTime(counted)
  await sleep(watchBeforeMs, undefined, { signal })
  const before = load.look()
  const processorMsBefore = spentBefore()
  const ask = async (caller: ReplicaCaller, token: string): Promise<boolean> => {
    await sleep(betweenCallsMs, undefined, { signal })
    return caller.isRefused(token, tool)
  }
  const asks = callers.flatMap((caller) => tokens.map((token) => () => ask(caller, token)))
  const watch = watchRefusals(asks, { giveUpAfterMs, callsAfterwards })
  tell('Telling of all of them')
  const ownDelay = monitorEventLoopDelay({ resolution: 1 })
  ownDelay.enable()
  const spent = countProcessorTime(counted)
  const startedAt = performance.now()
  watch.opened()
  const telling = pusher.push().then((toldMs) => ({
    toldMs: Math.round(toldMs),
    processorMs: { before: processorMsBefore, during: spent() },
    during: load.look(),
    ownDelayP99Ms: Math.round(ownDelay.percentile(99) / 1e5) / 10,
  }))
  const [told, seen] = await Promise.all([telling, watch.seen])
  const deniedAfterMs = seen.refusedAt.map((at) => Math.round(at - startedAt))
  const { allowedAfterwards } = seen
  return { people, deniedAfterMs, allowedAfterwards, before, ...told, after: await load.end() }
}

async function sign({ urls, dataDir }: StackFile, subjects: readonly string[]): Promise<string[]> {
  const { signing } = JSON.parse(await readFile(join(dataDir, 'corporate-idp', 'keys.json'), 'utf8'))
  const key = await importJWK(signing)
  const header = { alg: signing.alg, kid: signing.kid, typ: 'secevent+jwt' }
  const iat = Math.floor(Date.now() / 1_000)
  const claims = (sub: string) => ({
    iss: urls.corporateIdp,
    aud: urls.mcp,
    iat,
    jti: randomUUID(),
    sub_id: { format: 'iss_sub', iss: urls.issuer, sub },
    events: { [accountDisabled]: {} },
  })
  const signals: string[] = []
  for (let first = 0; first < subjects.length; first += atOnce) {
    const some = subjects.slice(first, first + atOnce)
    signals.push(
      ...(await Promise.all(some.map((sub) => new SignJWT(claims(sub)).setProtectedHeader(header).sign(key)))),
    )
  }
  return signals
}

async function startPusher({ urls, dataDir }: StackFile, signals: readonly string[]): Promise<SignalPusher> {
  const secret = await readFile(join(dataDir, '..', 'secrets', 'signal-push-authorization'), 'utf8')
  const endpoint = new URL('/signals/ssf', urls.mcp).href
  return startSignalPusher({ endpoint, authorization: secret.trim(), signals, atOnce })
}
