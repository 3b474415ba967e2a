import { setTimeout as sleep } from 'node:timers/promises'
import { bystander } from '../company.ts'
import { historyChecks } from '../history-checks.ts'
import { measureHistory } from '../measure-history.ts'
import { playOutage } from '../outage.ts'
import type { Scenario } from '../scenario.ts'

const watchedBeforeMs = 1_500

/** The store answers nobody for a while: nobody can know what the others were told. */
export const storeFrozen: Scenario = {
  name: 'store-frozen',
  title: 'the store that joins the replicas answers nobody (SIGSTOP)',
  async run(world) {
    const { stack, company, random, measure } = world
    await company.startOver()
    const anna = await company.signIn('anna')
    const bob = await company.signIn('bob')
    await company.signIn(bystander)
    const calls = company.startCalls(measure.callsPerSecond, random.fork('calls'))
    await company.end('corporate-idp-disable', anna)
    await sleep(watchedBeforeMs)
    const { goneAt, backAt, checks } = await playOutage(world, {
      what: 'the store',
      go: stack.store.freeze,
      async meanwhile() {
        await sleep(measure.storeAwayMs / 2)
        await company.end('corporate-idp-disable', bob)
        await sleep(measure.storeAwayMs / 2)
      },
      comeBack: stack.store.thaw,
      recoveryMs: 2_000,
      watchedAfterMs: 5_000,
    })
    await calls.stop()
    const history = company.recorder.entries
    await company.giveBack('corporate-idp-disable', 'anna')
    await company.giveBack('corporate-idp-disable', 'bob')
    return {
      checks: [...checks, ...historyChecks(history)],
      figures: { awayMs: Math.round(backAt - goneAt), ...measureHistory(history) },
    }
  },
}
