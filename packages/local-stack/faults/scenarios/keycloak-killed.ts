import { setTimeout as sleep } from 'node:timers/promises'
import { distributionOf } from '../../bench/distribution.ts'
import { answersPerReplica } from '../answers-per-replica.ts'
import { bystander } from '../company.ts'
import { historyChecks } from '../history-checks.ts'
import { measureHistory } from '../measure-history.ts'
import { type Scenario, stalenessBoundMs } from '../scenario.ts'

/** Known tokens go on at least so long: the bound, less the age that the last look at Keycloak may have had. */
const goesOnMs = 3_500
/** What was put off for want of Keycloak comes at once, beside what is always asked. */
const mostTimesNormal = 2
const recoveryMs = 3_000
const watchedBeforeMs = 5_000
const watchedAfterMs = 8_000

/** Keycloak is gone, and comes back to replicas that have all waited for it. */
export const keycloakKilled: Scenario = {
  name: 'keycloak-killed',
  title: 'Keycloak is killed and comes back',
  async run({ stack: { keycloak, replicas, asked }, company, random, measure }) {
    await company.startOver()
    const anna = await company.signIn('anna')
    await company.signIn('bob')
    await company.signIn(bystander)
    const calls = company.startCalls(measure.callsPerSecond, random.fork('calls'))
    const calmFrom = performance.now()
    await sleep(watchedBeforeMs)
    const killedAt = performance.now()
    await keycloak.kill()
    await sleep(1_000)
    await company.end('corporate-idp-disable', anna)
    await sleep(measure.keycloakAwayMs)
    const returnedFrom = performance.now()
    const startMs = await keycloak.start()
    const readyAt = performance.now()
    company.recorder.add({
      kind: 'fault',
      name: 'Keycloak is away',
      mayAnswer: ['unavailable'],
      from: killedAt + goesOnMs,
      until: readyAt + 2 * recoveryMs,
    })
    await sleep(watchedAfterMs)
    await calls.stop()
    const history = company.recorder.entries
    const closedAfter = answersPerReplica(history, replicas.length, (call) =>
      call.answer === 'allowed' && call.startedAt > killedAt && call.startedAt < returnedFrom
        ? call.startedAt - killedAt
        : 0,
    )
    const recoveredAfter = answersPerReplica(history, replicas.length, (call) =>
      call.answer === 'unavailable' && call.startedAt > readyAt ? call.startedAt - readyAt : 0,
    )
    const normal = Math.max(...asked.perSecond(calmFrom, killedAt))
    const away = asked.perSecond(killedAt + 1_000, returnedFrom)
    const back = asked.perSecond(returnedFrom, readyAt + watchedAfterMs)
    await company.giveBack('corporate-idp-disable', 'anna')
    return {
      checks: [
        {
          rule: `nothing is allowed later than ${stalenessBoundMs} ms after Keycloak went`,
          holds: Math.max(...closedAfter) <= stalenessBoundMs,
          seen: `last allow after ${closedAfter.join(', ')} ms`,
        },
        {
          rule: `known tokens go on for ${goesOnMs} ms`,
          holds: Math.min(...closedAfter) >= goesOnMs,
          seen: `last allow after ${closedAfter.join(', ')} ms`,
        },
        {
          isTimed: true,
          rule: `calls are answered again within ${recoveryMs} ms of its return`,
          holds: Math.max(...recoveredAfter) <= recoveryMs,
          seen: `last 503 after ${recoveredAfter.join(', ')} ms`,
        },
        {
          rule: 'nobody waits for it by asking more often than before',
          holds: Math.max(...away) <= normal,
          seen: `at most ${Math.max(...away)} requests a second, ${normal} before`,
        },
        {
          rule: 'its return brings no storm: no second has more than twice as many requests as before',
          holds: Math.max(...back) <= mostTimesNormal * normal,
          seen: `at most ${Math.max(...back)} requests a second, ${normal} before`,
        },
        ...historyChecks(history),
      ],
      figures: {
        awayMs: Math.round(readyAt - killedAt),
        keycloakStartMs: Math.round(startMs),
        requestsPerSecondAway: distributionOf(away),
        requestsPerSecondBack: distributionOf(back),
        ...measureHistory(history),
      },
    }
  },
}
