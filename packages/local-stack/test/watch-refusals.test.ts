import { expect, it } from 'vitest'
import { watchRefusals } from '../bench/watch-refusals.ts'

const options = { giveUpAfterMs: 60_000, callsAfterwards: 3 }

/** A replica that answers in this order, the last answer for ever. */
function replica(...refusals: boolean[]) {
  let calls = 0
  const ask = async () => refusals[Math.min(calls++, refusals.length - 1)] ?? false
  return Object.assign(ask, { calls: () => calls })
}

it('ends when every replica has refused, and some calls later', async () => {
  const [soon, late] = [replica(false, true), replica(false, false, false, true)]
  const { refusedAt, allowedAfterwards } = await watchRefusals([soon, late], options).seen
  expect(refusedAt).toHaveLength(2)
  expect(refusedAt.every(Number.isFinite)).toBe(true)
  expect(allowedAfterwards).toBe(0)
  expect(late.calls()).toBeGreaterThanOrEqual(4 + options.callsAfterwards)
})

it('sees an allow after a refusal while another replica has yet to refuse', async () => {
  const watch = watchRefusals([replica(true, false, true), replica(false, false, false, false, false, true)], options)
  expect((await watch.seen).allowedAfterwards).toBe(1)
})

it('sees an allow in the calls after the last refusal', async () => {
  expect((await watchRefusals([replica(true, true, false, true)], options).seen).allowedAfterwards).toBe(1)
})

it('fails when a replica goes on allowing for longer than the limit after the door was opened', async () => {
  const watch = watchRefusals([replica(true), replica(false)], { ...options, giveUpAfterMs: 20 })
  watch.opened()
  await expect(watch.seen).rejects.toThrow('replica 2 still allows after 0.02 s')
})

it('fails with what a call throws', async () => {
  const ask = () => Promise.reject(new Error('answered 503'))
  await expect(watchRefusals([replica(false), ask], options).seen).rejects.toThrow('answered 503')
})
