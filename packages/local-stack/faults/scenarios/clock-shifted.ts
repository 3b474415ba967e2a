import { setTimeout as sleep } from 'node:timers/promises'
import { bystander } from '../company.ts'
import { historyChecks } from '../history-checks.ts'
import { measureHistory } from '../measure-history.ts'
import type { Scenario } from '../scenario.ts'

const shiftSeconds = 300
const settledMs = 1_500

/** The clock of a replica jumps ahead, or back, and is put right later: what was over stays over. */
export const clockShifted: Scenario = {
  name: 'clock-shifted',
  title: `the clock of a replica is ${shiftSeconds / 60} minutes wrong, and put right`,
  async run({ stack: { replicas }, company, random, measure }) {
    await company.startOver()
    const calls = company.startCalls(measure.callsPerSecond, random.fork('calls'))
    // The first receives what is pushed; the last stands for the others.
    for (const replica of [replicas[0], replicas.at(-1)]) {
      for (const seconds of [shiftSeconds, -shiftSeconds]) {
        if (replica === undefined) continue
        await company.signIn(bystander)
        const before = await company.signIn('anna')
        const meanwhile = await company.signIn('bob')
        await company.end('corporate-idp-disable', before)
        await sleep(settledMs)
        const from = performance.now()
        replica.shiftClock(seconds)
        await sleep(settledMs)
        await company.end('corporate-idp-disable', meanwhile)
        await sleep(settledMs)
        await replica.kill()
        replica.shiftClock(0)
        await replica.start()
        // By its wrong clock every token was expired, or yet to come; and then it was dead.
        company.recorder.add({
          kind: 'fault',
          name: 'a clock is wrong',
          replica: replica.number,
          mayAnswer: ['denied', 'unavailable', 'failed'],
          from,
          until: performance.now(),
        })
        await sleep(settledMs)
        for (const person of ['anna', 'bob']) await company.giveBack('corporate-idp-disable', person)
      }
    }
    await calls.stop()
    const history = company.recorder.entries
    return { checks: historyChecks(history), figures: { ...measureHistory(history) } }
  },
}
