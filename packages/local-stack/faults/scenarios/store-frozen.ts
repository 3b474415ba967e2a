import { setTimeout as sleep } from 'node:timers/promises'
import { answersPerReplica } from '../answers-per-replica.ts'
import { bystander } from '../company.ts'
import { historyChecks } from '../history-checks.ts'
import { measureHistory } from '../measure-history.ts'
import { type Scenario, stalenessBoundMs } from '../scenario.ts'

const recoveryMs = 2_000
const watchedBeforeMs = 1_500
const watchedAfterMs = 5_000

/** The store answers nobody for a while: nobody can know what the others were told. */
export const storeFrozen: Scenario = {
  name: 'store-frozen',
  title: 'the store that joins the replicas answers nobody (SIGSTOP)',
  async run({ stack: { store, replicas }, company, random, measure }) {
    await company.startOver()
    const anna = await company.signIn('anna')
    const bob = await company.signIn('bob')
    await company.signIn(bystander)
    const calls = company.startCalls(measure.callsPerSecond, random.fork('calls'))
    await company.end('corporate-idp-disable', anna)
    await sleep(watchedBeforeMs)
    const frozenAt = performance.now()
    store.freeze()
    await sleep(measure.storeAwayMs / 2)
    await company.end('corporate-idp-disable', bob)
    await sleep(measure.storeAwayMs / 2)
    store.thaw()
    const thawedAt = performance.now()
    company.recorder.add({
      kind: 'fault',
      name: 'the store is away',
      mayAnswer: ['unavailable'],
      from: frozenAt,
      until: thawedAt + 2 * recoveryMs,
    })
    await sleep(watchedAfterMs)
    await calls.stop()
    const history = company.recorder.entries
    const closedAfter = answersPerReplica(history, replicas.length, (call) =>
      call.answer === 'allowed' && call.startedAt > frozenAt && call.startedAt < thawedAt
        ? call.startedAt - frozenAt
        : 0,
    )
    const recoveredAfter = answersPerReplica(history, replicas.length, (call) =>
      call.answer === 'unavailable' && call.startedAt > thawedAt ? call.startedAt - thawedAt : 0,
    )
    await company.giveBack('corporate-idp-disable', 'anna')
    await company.giveBack('corporate-idp-disable', 'bob')
    return {
      checks: [
        {
          rule: `nothing is allowed later than ${stalenessBoundMs} ms after the store went`,
          holds: Math.max(...closedAfter) <= stalenessBoundMs,
          seen: `last allow after ${closedAfter.join(', ')} ms`,
        },
        {
          isTimed: true,
          rule: `calls are answered again within ${recoveryMs} ms of its return`,
          holds: Math.max(...recoveredAfter) <= recoveryMs,
          seen: `last 503 after ${recoveredAfter.join(', ')} ms`,
        },
        ...historyChecks(history),
      ],
      figures: { awayMs: Math.round(thawedAt - frozenAt), ...measureHistory(history) },
    }
  },
}
