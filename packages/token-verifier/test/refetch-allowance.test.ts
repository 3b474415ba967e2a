import { describe, expect, it } from 'vitest'
import { RefetchAllowance } from '../src/refetch-allowance.ts'

/** How many of these ids get a permission, each asked for once at the same instant. */
function granted(allowance: RefetchAllowance, ids: readonly string[], now: number): number {
  return ids.filter((id) => allowance.take(id, now)).length
}

const made = (count: number, prefix = 'id') => Array.from({ length: count }, (_, number) => `${prefix} ${number}`)

describe('an unknown key id', () => {
  it('is worth a fetch, but not more than two at once however many are made up', () => {
    expect(granted(new RefetchAllowance(0), made(1000), 0)).toBe(2)
  })

  it('is worth one fetch when the key set was fetched for the first time just now', () => {
    const allowance = new RefetchAllowance(0)
    allowance.noteFirstFetch(0)
    expect(granted(allowance, made(1000), 0)).toBe(1)
  })

  it('finds none left when the key set was fetched for the first time after others were, and loses no later one', () => {
    const allowance = new RefetchAllowance(0)
    granted(allowance, made(2), 0)
    allowance.noteFirstFetch(0)
    expect(granted(allowance, made(1000, 'later'), 5000)).toBe(1)
  })

  it('is worth another fetch every five seconds in a flood of new ones', () => {
    const allowance = new RefetchAllowance(0)
    granted(allowance, made(1000), 0)
    expect(granted(allowance, made(1000, 'second'), 4999)).toBe(0)
    expect(granted(allowance, made(1000, 'third'), 5000)).toBe(1)
    expect(granted(allowance, made(1000, 'fourth'), 60_000)).toBe(2)
  })

  it('is worth another fetch five seconds after the first that was used, however long none was', () => {
    const late = new RefetchAllowance(0)
    expect(granted(late, made(2), 4000)).toBe(2)
    expect(granted(late, made(1, 'early'), 8999)).toBe(0)
    expect(granted(late, made(1, 'in time'), 9000)).toBe(1)
    const spread = new RefetchAllowance(0)
    expect([spread.take('one', 0), spread.take('another', 4000), spread.take('a third', 5000)]).toEqual([
      true,
      true,
      true,
    ])
  })

  it('that comes late for its fetch does not delay those after it', () => {
    const allowance = new RefetchAllowance(0)
    expect(granted(allowance, made(2), 0)).toBe(2)
    expect(granted(allowance, made(1, 'late'), 7000)).toBe(1)
    expect(granted(allowance, made(1, 'early'), 9999)).toBe(0)
    expect(granted(allowance, made(1, 'in time'), 10_000)).toBe(1)
  })

  it('that comes again is worth a fetch at once, also in a flood: so does a key that was rotated in', () => {
    const allowance = new RefetchAllowance(0)
    granted(allowance, made(1000), 0)
    expect(allowance.take('rotated in', 10)).toBe(false)
    expect(allowance.take('rotated in', 20)).toBe(true)
  })

  it('that comes again waits at most one and a half seconds, also when all others come again too', () => {
    const allowance = new RefetchAllowance(0)
    granted(allowance, made(1000), 0)
    granted(allowance, made(1000), 0)
    expect(allowance.take('rotated in', 10)).toBe(false)
    expect(allowance.take('rotated in', 1499)).toBe(false)
    expect(allowance.take('rotated in', 1500)).toBe(true)
  })

  it('that a fetch did not bring rests, longer each time and never longer than 12 seconds', () => {
    const allowance = new RefetchAllowance(0)
    let now = 0
    for (const restMs of [1500, 3000, 6000, 12_000, 12_000]) {
      expect(allowance.take('gone', now)).toBe(true)
      allowance.noteMissing('gone', now)
      expect(allowance.take('gone', now + restMs - 1)).toBe(false)
      now += restMs
    }
  })

  it('does not use up what another one needs while it rests', () => {
    const allowance = new RefetchAllowance(0)
    expect(allowance.take('gone', 0)).toBe(true)
    allowance.noteMissing('gone', 0)
    for (let now = 0; now < 1000; now += 10) allowance.take('gone', now)
    expect(allowance.take('rotated in', 1000)).toBe(true)
  })
})
