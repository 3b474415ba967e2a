import { setTimeout as sleep } from 'node:timers/promises'
import { distributionOf } from '../../bench/distribution.ts'
import { bystander } from '../company.ts'
import type { FaultyReplica } from '../fault-stack.ts'
import { floodSignals } from '../flood-signals.ts'
import { forgeSignals, signRevocation } from '../forge-signals.ts'
import type { HistoryEntry } from '../history.ts'
import { historyChecks } from '../history-checks.ts'
import { measureHistory } from '../measure-history.ts'
import type { Scenario } from '../scenario.ts'
import { sendSignal } from '../signal-relay.ts'

const settledMs = 1_000
/** Tokens of a new sign-in count from two seconds after a revocation on, and the second in which they end. */
const revocationSettledMs = 3_000
/** What a good call may take while it is flooded. */
const mostUnderFloodMs = 500

/** Others try to end people's access, or to keep the receivers from listening. */
export const forgedSignals: Scenario = {
  name: 'forged-signals',
  title: 'forged, replayed, foreign and malformed signals, and a flood of them',
  async run({ stack, company, random, measure }) {
    await company.startOver()
    const port = stack.replicas[0]?.caller.port ?? 0
    const anna = await company.signIn('anna')
    await company.end('corporate-idp-disable', anna)
    const captured = await signRevocation(stack)
    const revoked = await sendSignal(captured, port)
    await sleep(revocationSettledMs)
    await company.giveBack('corporate-idp-disable', 'anna')
    const victim = await company.signIn('anna')
    const other = stack.replicas.at(-1) as FaultyReplica
    const replayed = await sendSignal(captured, other.caller.port)
    const afterReplay = await company.call(other, victim, 'presence')
    await company.signIn(bystander)
    const calls = company.startCalls(measure.callsPerSecond, random.fork('calls'))
    const forgeries = await forgeSignals(stack, victim.accessToken)
    const wrong: string[] = []
    for (const { what, signal, status } of forgeries) {
      const answer = await sendSignal(signal, port)
      if (answer.status !== status) wrong.push(`${what}: ${answer.status} ${answer.body.slice(0, 100)}`)
    }
    await sleep(settledMs)
    const floodedFrom = performance.now()
    const flood = { signals: forgeries.map(({ signal }) => signal), port, ...measure }
    const answers = await floodSignals(flood)
    const floodedUntil = performance.now()
    const bob = await company.signIn('bob')
    const second = floodSignals({ ...flood, floodMs: measure.floodMs / 4 })
    await sleep(settledMs)
    await company.end('corporate-idp-disable', bob)
    await second
    await sleep(settledMs)
    await calls.stop()
    await company.giveBack('corporate-idp-disable', 'bob')
    const history = company.recorder.entries
    const calm = durations(history, 0, floodedFrom)
    const flooded = durations(history, floodedFrom, floodedUntil)
    const taken = [...answers].filter(([status]) => status < 400)
    return {
      checks: [
        {
          rule: 'a revocation that is sent again, to another replica, ends nothing that was issued since',
          holds: revoked.status === 204 && replayed.status === 204 && afterReplay.answer === 'allowed',
          seen: `answered ${revoked.status} and ${replayed.status}, then ${afterReplay.answer}`,
        },
        {
          rule: 'each is refused with the status of its kind',
          holds: wrong.length === 0,
          seen: wrong.length === 0 ? `${forgeries.length} kinds` : wrong.join('; '),
        },
        {
          rule: 'none of a flood is taken',
          holds: taken.length === 0,
          seen: JSON.stringify(Object.fromEntries(answers)),
        },
        {
          isTimed: true,
          rule: `good calls go on within ${mostUnderFloodMs} ms (p99) under a flood`,
          holds: flooded.p99 <= mostUnderFloodMs,
          seen: `p99 ${flooded.p99} ms, ${calm.p99} ms before`,
        },
        ...historyChecks(history),
      ],
      figures: { floodPerSecond: measure.floodPerSecond, calm, flooded, ...measureHistory(history) },
    }
  },
}

function durations(history: readonly HistoryEntry[], from: number, until: number) {
  const made = history.filter((entry) => entry.kind === 'call')
  return distributionOf(
    made
      .filter(({ startedAt, answer }) => startedAt >= from && startedAt < until && answer === 'allowed')
      .map(({ startedAt, endedAt }) => endedAt - startedAt),
  )
}
