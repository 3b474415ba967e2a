import { setTimeout as sleep } from 'node:timers/promises'
import { distributionOf } from '../../bench/distribution.ts'
import { bystander, leavers } from '../company.ts'
import { historyChecks } from '../history-checks.ts'
import { measureHistory } from '../measure-history.ts'
import type { Scenario } from '../scenario.ts'

const readyWithinMs = 3_000
const settledMs = 1_500

/** A replica dies, somebody leaves, the replica comes back: it may not allow once what the others refuse. */
export const replicaKilled: Scenario = {
  name: 'replica-killed',
  title: 'a replica is killed (kill -9) and started again',
  async run({ stack: { replicas }, company, random, measure }) {
    await company.startOver()
    await company.signIn(bystander)
    const calls = company.startCalls(measure.callsPerSecond, random.fork('calls'))
    const readyAfter: number[] = []
    for (let round = 0; round < measure.kills; round += 1) {
      const victim = random.choose(replicas)
      const person = random.choose(leavers)
      const leaver = await company.signIn(person)
      await sleep(settledMs)
      const from = performance.now()
      await victim.kill()
      await company.end('corporate-idp-disable', leaver)
      readyAfter.push(await victim.start())
      company.recorder.add({
        kind: 'fault',
        name: 'a replica is dead',
        replica: victim.number,
        mayAnswer: ['failed', 'unavailable'],
        from,
        until: performance.now(),
      })
      await sleep(settledMs)
      await company.giveBack('corporate-idp-disable', person)
    }
    await calls.stop()
    const history = company.recorder.entries
    return {
      checks: [
        {
          isTimed: true,
          rule: `it is ready within ${readyWithinMs} ms`,
          holds: Math.max(...readyAfter) <= readyWithinMs,
          seen: `${readyAfter.map(Math.round).join(', ')} ms`,
        },
        ...historyChecks(history),
      ],
      figures: { readyAfterMs: distributionOf(readyAfter), ...measureHistory(history) },
    }
  },
}
