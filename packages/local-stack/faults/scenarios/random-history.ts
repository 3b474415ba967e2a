import { setTimeout as sleep } from 'node:timers/promises'
import { bystander, type Company, leavers } from '../company.ts'
import type { Fault } from '../history.ts'
import { historyChecks } from '../history-checks.ts'
import { measureHistory } from '../measure-history.ts'
import type { Random } from '../random.ts'
import { boundMs, type Scenario, stalenessBoundMs, type World } from '../scenario.ts'
import { type Loss, noLoss } from '../signal-relay.ts'

/** Ways out, the likelier the more often they stand here. */
const doors = [
  'corporate-idp-disable',
  'corporate-idp-disable',
  'corporate-idp-disable',
  'group-removed',
  'group-removed',
  'keycloak-disable',
  'keycloak-disable',
  'keycloak-logout',
  'scim-client',
  'password-reset',
  'global-token-revocation',
  'refresh-token-revoked',
  'session-ended-by-administrator',
  'session-ended-by-person',
]
const signInAgainMs = 120_000

/** People are disabled, enabled, moved and call all the while, each at random moments. */
export const randomHistory: Scenario = {
  name: 'random-history',
  title: 'random ends of access, returns and calls',
  async run(world) {
    const history = await runHistory(world)
    return { checks: historyChecks(history), figures: { ...measureHistory(history) } }
  },
}

/**
 * A revocation that one replica alone is told of reaches the others by the store: where that is slow, they may go on until they
 * know that they do not know.
 */
const boundMsOf = { 'global-token-revocation': boundMs + stalenessBoundMs }

const loss: Loss = { dropped: 0.1, duplicated: 0.1, reordered: 0.2, delayedMs: 3_000 }

/** The same, with both ways by which replicas hear of things losing, repeating, reordering and delaying them. */
export const lossyHistory: Scenario = {
  name: 'lossy-history',
  title: 'the same while signals are dropped, repeated, reordered and delayed',
  async run(world) {
    const { signals, replicas } = world.stack
    const links = [signals, ...replicas.map(({ redis }) => redis)]
    for (const link of links) link.loss = loss
    try {
      // A store that is slow for long counts as away: then nobody is told anything wrong.
      const history = await runHistory(world, {
        kind: 'fault',
        name: 'the store is slow',
        mayAnswer: ['unavailable'],
        from: performance.now(),
        until: Number.POSITIVE_INFINITY,
      })
      await signals.settled()
      const counts = replicas.map(({ redis }) => redis.counts)
      return {
        checks: historyChecks(history, boundMsOf),
        figures: {
          ...measureHistory(history),
          signals: { ...signals.counts },
          entries: counts.map((each) => ({ ...each })),
        },
      }
    } finally {
      for (const link of links) link.loss = noLoss
      await signals.settled()
    }
  },
}

async function runHistory({ company, random, measure, signal: stop }: World, ...faults: Fault[]) {
  await company.startOver()
  for (const fault of faults) company.recorder.add(fault)
  const until = performance.now() + measure.historyMs
  await company.signIn(bystander)
  const calls = company.startCalls(measure.callsPerSecond, random.fork('calls'))
  const failed = new AbortController()
  const signal = AbortSignal.any([stop, failed.signal])
  const everybody = [
    ...leavers.map((person) => comeAndGo(company, person, random.fork(person), until, signal)),
    stay(company, until, signal),
  ]
  try {
    await Promise.all(everybody)
  } finally {
    failed.abort(new Error('somebody else failed'))
    await Promise.allSettled(everybody)
    await calls.stop()
  }
  return company.recorder.entries
}

async function comeAndGo(
  company: Company,
  person: string,
  random: Random,
  until: number,
  signal: AbortSignal,
): Promise<void> {
  while (performance.now() < until) {
    signal.throwIfAborted()
    const token = await company.signIn(person).catch((error: unknown) => {
      if (performance.now() < until) throw error
    })
    if (token === undefined) return
    await sleep(random.between(200, 2_500))
    const door = random.choose(doors)
    await company.end(door, token)
    await sleep(random.between(0, 2_000))
    await company.giveBack(door, person)
  }
}

async function stay(company: Company, until: number, signal: AbortSignal): Promise<void> {
  for (let signedInAt = performance.now(); performance.now() < until; ) {
    await sleep(Math.min(1_000, Math.max(0, until - performance.now())), undefined, { signal })
    if (performance.now() - signedInAt < signInAgainMs) continue
    signedInAt = performance.now()
    await company.signIn(bystander)
  }
}
