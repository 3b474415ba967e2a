import { setTimeout as sleep } from 'node:timers/promises'
import { distributionOf } from '../../bench/distribution.ts'
import { bystander } from '../company.ts'
import { historyChecks } from '../history-checks.ts'
import { measureHistory } from '../measure-history.ts'
import { playOutage } from '../outage.ts'
import type { Scenario } from '../scenario.ts'

/** Known tokens go on at least so long: the bound, less the age that the last look at Keycloak may have had. */
const goesOnMs = 3_500
/** What was put off for want of Keycloak comes at once, beside what is always asked. */
const mostTimesNormal = 2
const watchedBeforeMs = 5_000
const watchedAfterMs = 8_000

/** Keycloak is gone, and comes back to replicas that have all waited for it. */
export const keycloakKilled: Scenario = {
  name: 'keycloak-killed',
  title: 'Keycloak is killed and comes back',
  async run(world) {
    const { stack, company, random, measure } = world
    await company.startOver()
    const anna = await company.signIn('anna')
    await company.signIn('bob')
    await company.signIn(bystander)
    const calls = company.startCalls(measure.callsPerSecond, random.fork('calls'))
    const calmFrom = performance.now()
    await sleep(watchedBeforeMs)
    let startMs = 0
    const { goneAt, returnedFrom, backAt, checks } = await playOutage(world, {
      what: 'Keycloak',
      go: stack.keycloak.kill,
      async meanwhile() {
        await sleep(1_000)
        await company.end('corporate-idp-disable', anna)
        await sleep(measure.keycloakAwayMs)
      },
      async comeBack() {
        startMs = await stack.keycloak.start()
      },
      recoveryMs: 3_000,
      goesOnMs,
      watchedAfterMs,
    })
    await calls.stop()
    const history = company.recorder.entries
    const normal = Math.max(...stack.asked.perSecond(calmFrom, goneAt))
    const away = stack.asked.perSecond(goneAt + 1_000, returnedFrom)
    const back = stack.asked.perSecond(returnedFrom, backAt + watchedAfterMs)
    await company.giveBack('corporate-idp-disable', 'anna')
    return {
      checks: [
        ...checks,
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
        awayMs: Math.round(backAt - goneAt),
        keycloakStartMs: Math.round(startMs),
        requestsPerSecondAway: distributionOf(away),
        requestsPerSecondBack: distributionOf(back),
        ...measureHistory(history),
      },
    }
  },
}
