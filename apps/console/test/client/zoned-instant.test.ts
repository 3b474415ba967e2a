import { describe, expect, it } from 'vitest'
import { zonedInstant } from '../../src/client/pages/policies/zoned-instant.ts'

describe('a local time', () => {
  it.each([
    ['2026-12-24T22:00', 'Europe/Berlin', '2026-12-24T22:00:00+01:00'],
    ['2026-07-01T09:00', 'Europe/Berlin', '2026-07-01T09:00:00+02:00'],
    ['2026-07-01T09:00', 'America/Los_Angeles', '2026-07-01T09:00:00-07:00'],
    ['2026-01-15T23:30', 'Asia/Kolkata', '2026-01-15T23:30:00+05:30'],
    ['2026-01-15T00:10', 'Pacific/Apia', '2026-01-15T00:10:00+13:00'],
    ['2026-01-15T12:00', 'UTC', '2026-01-15T12:00:00+00:00'],
  ])('%s in %s is %s', (local, zone, instant) => expect(zonedInstant(local, zone)).toBe(instant))

  it('just before and just after a change of the clocks has the offset of its side', () => {
    expect(zonedInstant('2026-03-29T01:59', 'Europe/Berlin')).toBe('2026-03-29T01:59:00+01:00')
    expect(zonedInstant('2026-03-29T03:00', 'Europe/Berlin')).toBe('2026-03-29T03:00:00+02:00')
    expect(zonedInstant('2026-10-25T03:00', 'Europe/Berlin')).toBe('2026-10-25T03:00:00+01:00')
  })

  it('that the zone has twice is the first of the two', () => {
    expect(zonedInstant('2026-10-25T02:30', 'Europe/Berlin')).toBe('2026-10-25T02:30:00+02:00')
    expect(zonedInstant('2026-11-01T01:30', 'America/New_York')).toBe('2026-11-01T01:30:00-04:00')
  })

  it('that the zone skips becomes the one an hour later', () => {
    expect(zonedInstant('2026-03-29T02:30', 'Europe/Berlin')).toBe('2026-03-29T03:30:00+02:00')
  })

  it('in a zone that nobody knows is a time all the same', () => {
    expect(zonedInstant('2026-01-15T12:00', 'Nowhere/City')).toMatch(/^2026-01-15T12:00:00[+-]\d\d:\d\d$/)
  })
})
