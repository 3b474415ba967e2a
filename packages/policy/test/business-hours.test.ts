import { describe, expect, it } from 'vitest'
import { companyPoliciesDirectory, loadBusinessHours } from '../src/index.ts'

const hours = loadBusinessHours(companyPoliciesDirectory)
const at = (instant: string) => Date.parse(instant) / 1000
const berlin = { zoneinfo: 'Europe/Berlin', country: 'DE' }
const newYork = { zoneinfo: 'America/New_York', country: 'US' }

describe('business hours', () => {
  it.each([
    ['one second before nine', '2026-11-23T08:59:59+01:00', false],
    ['nine', '2026-11-23T09:00:00+01:00', true],
    ['one second before five', '2026-11-23T16:59:59+01:00', true],
    ['five', '2026-11-23T17:00:00+01:00', false],
    ['Friday', '2026-11-27T12:00:00+01:00', true],
    ['Saturday', '2026-11-28T12:00:00+01:00', false],
    ['Sunday', '2026-11-22T12:00:00+01:00', false],
    ['Good Friday', '2026-04-03T12:00:00+02:00', false],
    ['Easter Monday', '2026-04-06T12:00:00+02:00', false],
    ['Whit Monday', '2027-05-17T12:00:00+02:00', false],
    ['a Boxing Day on Saturday is not moved', '2026-12-28T12:00:00+01:00', true],
  ])('in Berlin: %s', (_, instant, open) => {
    expect(hours.at(berlin, at(instant)).open).toBe(open)
  })

  it.each([
    ['Thanksgiving', '2026-11-26T12:00:00-05:00', false],
    ['the day after', '2026-11-27T12:00:00-05:00', true],
    ['Independence Day on Saturday is observed on Friday', '2026-07-03T12:00:00-04:00', false],
    ['Juneteenth on Saturday is observed on Friday', '2027-06-18T12:00:00-04:00', false],
    ["New Year's Day on Saturday is observed in the year before", '2027-12-31T12:00:00-05:00', false],
    ['Veterans Day', '2026-11-11T12:00:00-05:00', false],
    ['Memorial Day, the last Monday of May', '2026-05-25T12:00:00-04:00', false],
  ])('in New York: %s', (_, instant, open) => {
    expect(hours.at(newYork, at(instant)).open).toBe(open)
  })

  it.each([
    ['the day before summer time in Berlin', berlin, '2026-03-27T08:00:00Z', '2026-03-27T16:00:00Z'],
    ['the first working day of summer time in Berlin', berlin, '2026-03-30T07:00:00Z', '2026-03-30T15:00:00Z'],
    ['the first working day of winter time in Berlin', berlin, '2026-10-26T08:00:00Z', '2026-10-26T16:00:00Z'],
    ['the first working day of summer time in New York', newYork, '2026-03-09T13:00:00Z', '2026-03-09T21:00:00Z'],
    ['the first working day of winter time in New York', newYork, '2026-11-02T14:00:00Z', '2026-11-02T22:00:00Z'],
  ])('are local on %s', (_, where, from, until) => {
    expect(hours.at(where, at(from) - 1).open).toBe(false)
    expect(hours.at(where, at(from))).toMatchObject({ open: true, from: at(from), until: at(until) })
    expect(hours.at(where, at(until) - 1).open).toBe(true)
    expect(hours.at(where, at(until)).open).toBe(false)
  })

  it('names the holiday', () => {
    expect(hours.at(berlin, at('2026-12-25T12:00:00Z'))).toMatchObject({ open: false, holiday: 'Christmas Day' })
  })

  it('opens next after the weekend and the holidays', () => {
    expect(hours.nextOpening(berlin, at('2026-12-24T22:00:00+01:00'))).toBe('2026-12-28T09:00:00+01:00')
    expect(hours.nextOpening(berlin, at('2026-03-27T17:00:00+01:00'))).toBe('2026-03-30T09:00:00+02:00')
    expect(hours.nextOpening(newYork, at('2026-10-30T17:00:00-04:00'))).toBe('2026-11-02T09:00:00-05:00')
  })

  it('are never open for someone whose time zone is missing, unknown or a mere offset', () => {
    for (const zoneinfo of [undefined, null, '', 'Mars/Olympus', '+01:00', 'Europe/Berlin\n', '__proto__']) {
      expect(hours.at({ zoneinfo, country: 'DE' }, at('2026-11-23T12:00:00Z'))).toMatchObject({
        open: false,
        zoneUnknown: true,
      })
      expect(hours.nextOpening({ zoneinfo }, at('2026-11-23T12:00:00Z'))).toBeUndefined()
    }
  })

  it('have no holidays in a country without a file', () => {
    expect(hours.at({ zoneinfo: 'Europe/Paris', country: 'FR' }, at('2026-12-25T12:00:00Z')).open).toBe(true)
    expect(hours.at({ zoneinfo: 'Europe/Paris' }, at('2026-12-25T12:00:00Z')).open).toBe(true)
  })
})
