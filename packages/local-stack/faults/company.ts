import { setTimeout as sleep } from 'node:timers/promises'
import { openPersonSession } from '../src/demo/mcp-session.ts'
import { claimsOf, type Door, type ToolCall, type Visitor } from '../src/doors/door.ts'
import { doorsOf } from '../src/doors/index.ts'
import type { FaultStack, FaultyReplica } from './fault-stack.ts'
import { type AccessEnded, type Call, createRecorder, type Recorder } from './history.ts'
import type { Random } from './random.ts'

/** People whose access ends and comes back; each of them may read customers. */
export const leavers = ['alice', 'anna', 'bob']
/** Somebody whose access never ends. */
export const bystander = 'dave'

/** An access token that somebody uses, whether it should still be good or not. */
export interface HeldToken extends Visitor {
  /** Its name in the history. */
  name: string
  /** By `performance.now()`. */
  expiresAt: number
}

/** People of the company with their tokens, and a history of all that they and IT do. */
export interface Company {
  recorder: Recorder
  /** Tokens that calls are made with; the oldest of each person are forgotten. */
  tokens: readonly HeldToken[]
  /** A new sign-in, by the first replica. Tries for a minute, since a fault may stand in its way. */
  signIn(person: string): Promise<HeldToken>
  /** Ends access by a way out. Tries for a minute. @param door Its name; see `doorsOf`. */
  end(door: string, token: HeldToken): Promise<void>
  /** Tries for a minute as well. */
  giveBack(door: string, person: string): Promise<void>
  call(replica: FaultyReplica, token: HeldToken, needs: Call['needs']): Promise<Call>
  /** Random calls at random moments, whether or not those before were answered. */
  startCalls(perSecond: number, random: Random): { stop(): Promise<void> }
  /** Forgets the history and the tokens, and ends calls that still go on. */
  startOver(): Promise<void>
}

const tools: Record<Call['needs'], ToolCall> = {
  presence: { name: 'whoami', arguments: {} },
  permission: { name: 'list_customers', arguments: { limit: 1 } },
}
const tokensKept = 6
/** A token this close to its end is not used any more: it would be refused for that. */
const expiryMarginMs = 15_000
const patienceMs = 60_000
const againMs = 500
/** Most calls under way at once: a server that answers nobody must not fill the memory of this process. */
const mostCalls = 2_000
const kindOfDoor: Record<Door['ends'], AccessEnded['what']> = {
  tokens: 'tokens',
  session: 'token',
  permission: 'permission',
}

/** @param signal Ends whatever is tried again. */
export function openCompany(stack: FaultStack, signal: AbortSignal): Company {
  const doors = new Map(doorsOf(stack.file).map((door) => [door.name, door]))
  let recorder = createRecorder()
  let tokens: HeldToken[] = []
  let count = 0
  const callers = new Set<{ stop(): Promise<void> }>()

  async function persistently<Result>(work: () => Promise<Result>): Promise<Result> {
    const patience = performance.now() + patienceMs
    for (;;) {
      try {
        return await work()
      } catch (error) {
        signal.throwIfAborted()
        if (performance.now() > patience) throw error
        await sleep(againMs)
      }
    }
  }

  function doorNamed(name: string): Door {
    const door = doors.get(name)
    if (door === undefined) throw new TypeError(`there is no way out named ${name}`)
    return door
  }

  const signIn = (person: string): Promise<HeldToken> => persistently(() => signInOnce(person))

  async function signInOnce(person: string): Promise<HeldToken> {
    const requestedAt = performance.now()
    const account = stack.file.accounts.find(({ username }) => username === person)
    if (account === undefined) throw new Error(`the stack names no ${person}`)
    const session = openPersonSession({
      resource: stack.file.urls.mcp,
      clientId: stack.file.clients.cli.clientId,
      person: account,
    })
    try {
      const { isError, text } = await session.callTool(tools.permission.name, tools.permission.arguments)
      if (isError) throw new Error(`${person} may not call ${tools.permission.name}: ${text}`)
      count += 1
      const accessToken = session.accessToken()
      const { exp } = claimsOf(accessToken) as { exp?: number }
      const held: HeldToken = {
        name: `${person}-${count}`,
        username: person,
        accessToken,
        refreshToken: session.refreshToken(),
        expiresAt: performance.now() + (exp ?? 0) * 1_000 - Date.now(),
      }
      recorder.add({ kind: 'token', token: held.name, person, requestedAt, receivedAt: performance.now() })
      const others = tokens.filter(({ username }) => username !== person)
      tokens = [...others, ...tokens.filter(({ username }) => username === person).slice(1 - tokensKept), held]
      return held
    } finally {
      await session.close()
    }
  }

  async function end(name: string, token: HeldToken): Promise<void> {
    const door = doorNamed(name)
    const startedAt = performance.now()
    const what = kindOfDoor[door.ends]
    const entry: AccessEnded = {
      kind: 'ended',
      person: token.username,
      by: name,
      what,
      ...(what === 'token' ? { token: token.name } : {}),
      startedAt,
      answeredAt: Number.POSITIVE_INFINITY,
    }
    // Calls may be refused from now on, and must be from the answer on.
    recorder.add(entry)
    // Who is told to come again does so.
    entry.answeredAt = await persistently(() => door.open(token))
  }

  async function giveBack(name: string, person: string): Promise<void> {
    const door = doorNamed(name)
    const entry = {
      kind: 'given_back' as const,
      person,
      what: kindOfDoor[door.ends],
      startedAt: performance.now(),
      answeredAt: Number.POSITIVE_INFINITY,
    }
    recorder.add(entry)
    await persistently(() => door.restore({ username: person }))
    entry.answeredAt = performance.now()
  }

  async function call(replica: FaultyReplica, token: HeldToken, needs: Call['needs']): Promise<Call> {
    const into = recorder
    const startedAt = performance.now()
    const outcome = await replica.caller
      .call(token.accessToken, tools[needs])
      .catch((error: Error) => ({ answer: 'failed' as const, detail: error.message }))
    const made: Call = {
      kind: 'call',
      replica: replica.number,
      token: token.name,
      needs,
      startedAt,
      endedAt: performance.now(),
      ...outcome,
    }
    into.add(made)
    return made
  }

  function startCalls(perSecond: number, random: Random): { stop(): Promise<void> } {
    const underWay = new Set<Promise<unknown>>()
    let going = true
    const startedAt = performance.now()
    const loop = (async () => {
      for (let due = startedAt; going; due += (-Math.log(1 - random.next()) * 1_000) / perSecond) {
        const wait = due - performance.now()
        if (wait > 1) await sleep(wait)
        const usable = tokens.filter(({ expiresAt }) => expiresAt - performance.now() > expiryMarginMs)
        if (usable.length === 0 || underWay.size >= mostCalls) continue
        const needs = random.chance(0.5) ? 'presence' : 'permission'
        const made = call(random.choose(stack.replicas), random.choose(usable), needs)
        underWay.add(made)
        made.finally(() => underWay.delete(made))
      }
    })()
    const caller = {
      async stop() {
        going = false
        callers.delete(caller)
        await loop
        await Promise.all(underWay)
      },
    }
    callers.add(caller)
    return caller
  }

  return {
    get recorder() {
      return recorder
    },
    get tokens() {
      return tokens
    },
    signIn,
    end,
    giveBack,
    call,
    startCalls,
    async startOver() {
      await Promise.all([...callers].map((caller) => caller.stop()))
      recorder = createRecorder()
      tokens = []
    },
  }
}
