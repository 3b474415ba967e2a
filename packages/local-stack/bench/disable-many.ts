import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { claimsOf, type ToolCall } from '../src/doors/door.ts'
import type { StackFile } from '../src/stack-file.ts'
import type { Load, LoadResult } from './load.ts'
import type { PolledTransmitter } from './polled-transmitter.ts'
import { countProcessorTime, type ProcessorTime } from './processor-time.ts'
import type { ReplicaCaller } from './replica-calls.ts'
import { startSignalPusher } from './signal-pusher.ts'
import type { SignalSender } from './signal-sender.ts'
import { watchRefusals } from './watch-refusals.ts'

export interface ManyDisabledOptions {
  stack: StackFile
  callers: readonly ReplicaCaller[]
  /** Signs people in who are told of last. @returns Their access tokens. */
  signIn(): Promise<readonly string[]>
  /** How many are disabled in one go, these included. */
  people: number
  /** How often. */
  rounds: number
  /** Polled for the signals; undefined: the corporate IdP pushes them. */
  transmitter: PolledTransmitter | undefined
  /** Calls of somebody else. */
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
  /** From the first signal to the answer to the last. */
  toldMs: number
  /** From the first signal to the first refusal of each token at each replica. */
  deniedAfterMs: number[]
  allowedAfterwards: number
  /** Calls of somebody else before, from the first signal to the answer to the last, and in the two seconds after. */
  before: LoadResult
  during: LoadResult
  after: LoadResult
  /** What each process spent in the 15 s before, and while all were told of; undefined where it cannot be known. */
  processorMs: { before: ProcessorTime | undefined; during: ProcessorTime | undefined }
}

/**
 * Servers that have served for a while have compiled what a call runs through, and have noted those who left in the round
 * before.
 */
const calmMs = 30_000
const watchBeforeMs = 15_000
const giveUpAfterMs = 300_000
const callsAfterwards = 20
/** On average; at random moments, as everybody's calls: those who look are not to come all at once. */
const betweenCallsMs = 100

/**
 * Disables many people at once, some rounds of it: a Security Event Token each (RISC account-disabled), pushed to one replica
 * (RFC 8935) or polled by it (RFC 8936). All but the last are made up, since nobody signs ten thousand people in; what a
 * signal costs does not depend on whether its person holds a token.
 */
export async function disableMany(options: ManyDisabledOptions): Promise<ManyDisabled[]> {
  const done: ManyDisabled[] = []
  for (let round = 1; round <= options.rounds; round += 1) {
    const tell = (step: string): void => options.tell(`Round ${round} of ${options.rounds}: ${step}`)
    done.push(await disableOnce({ ...options, tell }))
  }
  return done
}

async function disableOnce(options: ManyDisabledOptions): Promise<ManyDisabled> {
  const { people, signIn, tell } = options
  tell(`signing ${people} signals`)
  const tokens = await signIn()
  const madeUp = Array.from({ length: people - tokens.length }, () => randomUUID() as string)
  const sender = await prepareSender(options, [...madeUp, ...tokens.map((token) => claimsOf(token).sub)])
  try {
    return await disableAndWatch(options, tokens, sender)
  } finally {
    sender.close()
  }
}

/** Whoever leaves calls before as well: what differs from then on is only that many are disabled. */
async function disableAndWatch(
  options: ManyDisabledOptions,
  tokens: readonly string[],
  sender: SignalSender,
): Promise<ManyDisabled> {
  const { callers, load, tool, signal } = options
  const ask = async (caller: ReplicaCaller, token: string): Promise<boolean> => {
    await sleep(Math.random() * 2 * betweenCallsMs, undefined, { signal })
    return caller.isRefused(token, tool)
  }
  const asks = callers.flatMap((caller) => tokens.map((token) => () => ask(caller, token)))
  const watch = watchRefusals(asks, { giveUpAfterMs, callsAfterwards })
  const [{ startedAt, ...told }, seen] = await Promise.all([tellOfAll(options, sender, watch.opened), watch.seen])
  const deniedAfterMs = seen.refusedAt.map((at) => Math.round(at - startedAt))
  if (Math.min(...deniedAfterMs) < 0) throw new Error('somebody was refused before anybody was disabled')
  const { allowedAfterwards } = seen
  return { deniedAfterMs, allowedAfterwards, ...told, after: load.look() }
}

async function tellOfAll(
  { load, processes, tell, signal }: ManyDisabledOptions,
  sender: SignalSender,
  begun: () => void,
) {
  tell(`watching calls for ${(calmMs + watchBeforeMs) / 1_000} s`)
  await sleep(calmMs, undefined, { signal })
  load.look()
  const counted = [
    ...processes,
    { name: 'sender of the signals', pid: sender.pid },
    { name: 'caller of the tools', pid: process.pid },
  ]
  const spentBefore = countProcessorTime(counted)
  await sleep(watchBeforeMs, undefined, { signal })
  const before = load.look()
  const processorMsBefore = spentBefore()
  tell('telling of all of them')
  const spent = countProcessorTime(counted)
  const startedAt = performance.now()
  begun()
  const toldMs = Math.round(await sender.send())
  return {
    startedAt,
    toldMs,
    before,
    during: load.look(),
    processorMs: { before: processorMsBefore, during: spent() },
  }
}

async function prepareSender(
  { stack, transmitter }: ManyDisabledOptions,
  subjects: readonly string[],
): Promise<SignalSender> {
  const { urls, dataDir } = stack
  if (transmitter !== undefined) {
    await transmitter.offer(urls.issuer, subjects)
    return { ...transmitter, close: () => {} }
  }
  const { signing } = JSON.parse(await readFile(join(dataDir, 'corporate-idp', 'keys.json'), 'utf8'))
  const secret = await readFile(join(dataDir, '..', 'secrets', 'signal-push-authorization'), 'utf8')
  return startSignalPusher({
    endpoint: new URL('/signals/ssf', urls.mcp).href,
    authorization: secret.trim(),
    signer: { issuer: urls.corporateIdp, audience: urls.mcp, signingKey: signing, realm: urls.issuer },
    subjects,
  })
}
