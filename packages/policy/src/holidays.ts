import { Temporal } from 'temporal-polyfill'
import { z } from 'zod'
import { type Weekday, weekdays } from './weekdays.ts'

const rule = z.union([
  z.strictObject({ name: z.string(), on: z.string().regex(/^\d\d-\d\d$/) }),
  z.strictObject({ name: z.string(), easter: z.int().min(-80).max(80) }),
  z.strictObject({
    name: z.string(),
    month: z.int().min(1).max(12),
    weekday: z.enum(weekdays),
    nth: z.union([z.literal(-1), z.int().min(1).max(4)]),
  }),
])

/** A country's holidays as rules: a fixed day, a distance in days from Easter Sunday, or the nth weekday of a month. */
export const holidayCalendar = z.strictObject({
  country: z.string().regex(/^[A-Z]{2}$/),
  source: z.string(),
  /** `nearest-weekday`: a Saturday's holiday is also kept on Friday, a Sunday's on Monday. */
  observed: z.enum(['on-the-day', 'nearest-weekday']),
  holidays: z.array(rule),
})
export type HolidayCalendar = z.infer<typeof holidayCalendar>
type HolidayRule = z.infer<typeof rule>

/** The holidays of one year: ISO date to name, days on which a weekend's holiday is observed included. */
export function holidaysOf(calendar: HolidayCalendar, year: number): Map<string, string> {
  const days = new Map<string, string>()
  // A neighbour year's New Year can be observed on 31 December of this one.
  for (const ruleYear of [year, year + 1]) {
    for (const holiday of calendar.holidays) {
      const date = dateOf(holiday, ruleYear)
      for (const day of [date, observedOn(date, calendar.observed)]) {
        if (day.year === year) days.set(day.toString(), holiday.name)
      }
    }
  }
  return days
}

function dateOf(holiday: HolidayRule, year: number): Temporal.PlainDate {
  if ('on' in holiday) {
    const [month, day] = holiday.on.split('-').map(Number)
    return Temporal.PlainDate.from({ year, month: month ?? 0, day: day ?? 0 }, { overflow: 'reject' })
  }
  if ('easter' in holiday) return easterSunday(year).add({ days: holiday.easter })
  return nthWeekday(year, holiday.month, holiday.weekday, holiday.nth)
}

function observedOn(date: Temporal.PlainDate, observed: HolidayCalendar['observed']): Temporal.PlainDate {
  const shift: Readonly<Record<number, number>> = observed === 'nearest-weekday' ? { 6: -1, 7: 1 } : {}
  return date.add({ days: shift[date.dayOfWeek] ?? 0 })
}

function nthWeekday(year: number, month: number, weekday: Weekday, nth: number): Temporal.PlainDate {
  const wanted = weekdays.indexOf(weekday) + 1
  const first = Temporal.PlainDate.from({ year, month, day: 1 })
  if (nth === -1) {
    const last = first.with({ day: first.daysInMonth })
    return last.subtract({ days: (last.dayOfWeek - wanted + 7) % 7 })
  }
  return first.add({ days: ((wanted - first.dayOfWeek + 7) % 7) + (nth - 1) * 7 })
}

/** Easter Sunday of the Gregorian calendar (the algorithm of Meeus, Jones and Butcher). */
function easterSunday(year: number): Temporal.PlainDate {
  const golden = year % 19
  const century = Math.floor(year / 100)
  const yearOfCentury = year % 100
  const correction = Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3)
  const epact = (19 * golden + century - Math.floor(century / 4) - correction + 15) % 30
  const weekday = (32 + 2 * (century % 4) + 2 * Math.floor(yearOfCentury / 4) - epact - (yearOfCentury % 4)) % 7
  const shift = Math.floor((golden + 11 * epact + 22 * weekday) / 451)
  const days = epact + weekday - 7 * shift + 114
  return Temporal.PlainDate.from({ year, month: Math.floor(days / 31), day: (days % 31) + 1 })
}
