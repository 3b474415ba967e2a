import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Temporal } from 'temporal-polyfill'
import { z } from 'zod'
import { type HolidayCalendar, holidayCalendar, holidaysOf } from './holidays.ts'
import { weekdays } from './weekdays.ts'

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/)
const hours = z
  .strictObject({ days: z.array(z.enum(weekdays)), from: timeOfDay, to: timeOfDay })
  .refine((value) => value.from < value.to, 'from must be earlier than to')
const businessHoursFile = z.strictObject({
  default: hours,
  countries: z.record(z.string().regex(/^[A-Z]{2}$/), hours),
})
type Hours = z.infer<typeof hours>

/** Where and when someone works: an IANA time zone, and an ISO 3166 country for hours and holidays. */
export interface Workplace {
  zoneinfo?: string | null | undefined
  country?: string | null | undefined
}

/** Whether it is business hours somewhere. Instants are in seconds since the epoch. */
export interface BusinessHoursAnswer {
  open: boolean
  /** The answer holds from here (included) … */
  from: number
  /** … to here (excluded). */
  until: number
  /** Name of the holiday that closes this day, if one does. */
  holiday?: string
  /** The time zone is missing or unknown: closed, and {@link nextOpening} has no answer. */
  zoneUnknown?: true
}

export interface BusinessHours {
  at(workplace: Workplace, seconds: number): BusinessHoursAnswer
  /** Start of the next business hours at or after `seconds`, as an ISO instant with the zone's offset. */
  nextOpening(workplace: Workplace, seconds: number): string | undefined
}

const longestSearchDays = 60

/**
 * Reads `business-hours.json` and `holidays/*.json` from a folder of policies.
 *
 * Hours are local: 09:00 is 09:00 on both sides of a change to or from daylight saving time. A country without a
 * file of its own has the default hours and no holidays. Someone without a known time zone is never in business hours.
 *
 * @throws {TypeError} A file is missing or malformed.
 */
export function loadBusinessHours(directory: string): BusinessHours {
  const file = parseFile(businessHoursFile, join(directory, 'business-hours.json'))
  const calendars = new Map<string, HolidayCalendar>()
  for (const name of readdirSync(join(directory, 'holidays')).filter((entry) => entry.endsWith('.json'))) {
    const calendar = parseFile(holidayCalendar, join(directory, 'holidays', name))
    if (name !== `${calendar.country}.json`) throw new TypeError(`holidays/${name} describes ${calendar.country}`)
    holidaysOf(calendar, 2028)
    calendars.set(calendar.country, calendar)
  }
  return createBusinessHours(file, calendars)
}

function createBusinessHours(
  file: z.infer<typeof businessHoursFile>,
  calendars: ReadonlyMap<string, HolidayCalendar>,
): BusinessHours {
  const answers = new Map<string, BusinessHoursAnswer>()
  const holidayYears = new Map<string, Map<string, string>>()

  function holidayOn(country: string, date: Temporal.PlainDate): string | undefined {
    const calendar = calendars.get(country)
    if (calendar === undefined) return undefined
    const key = `${country} ${date.year}`
    const days = holidayYears.get(key) ?? holidaysOf(calendar, date.year)
    holidayYears.set(key, days)
    return days.get(date.toString())
  }

  function opening(country: string, zone: string, date: Temporal.PlainDate): Opening {
    const rule = file.countries[country] ?? file.default
    const holiday = holidayOn(country, date)
    const weekday = weekdays[date.dayOfWeek - 1]
    const works = weekday !== undefined && rule.days.includes(weekday)
    const midnight = date.toZonedDateTime(zone)
    const dayEnd = date.add({ days: 1 }).toZonedDateTime(zone)
    const times = works && holiday === undefined ? openingTimes(rule, date, zone) : undefined
    return { midnight: seconds(midnight), dayEnd: seconds(dayEnd), times, holiday: works ? holiday : undefined }
  }

  return {
    at(workplace, now) {
      const country = knownCountry(workplace.country)
      const zone = knownZone(workplace.zoneinfo)
      if (zone === undefined) return { open: false, from: now, until: now + 1, zoneUnknown: true }
      const key = `${zone} ${country}`
      const remembered = answers.get(key)
      if (remembered !== undefined && now >= remembered.from && now < remembered.until) return remembered
      const day = opening(country, zone, zoned(now, zone).toPlainDate())
      const answer = answerWithin(day, now)
      answers.set(key, answer)
      return answer
    },
    nextOpening(workplace, now) {
      const zone = knownZone(workplace.zoneinfo)
      if (zone === undefined) return undefined
      const country = knownCountry(workplace.country)
      let date = zoned(now, zone).toPlainDate()
      for (let day = 0; day < longestSearchDays; day++) {
        const { times } = opening(country, zone, date)
        if (times !== undefined && times.to > now) {
          return zoned(Math.max(times.from, now), zone).toString({ timeZoneName: 'never', smallestUnit: 'second' })
        }
        date = date.add({ days: 1 })
      }
      return undefined
    },
  }
}

interface Opening {
  midnight: number
  dayEnd: number
  times: { from: number; to: number } | undefined
  holiday: string | undefined
}

function answerWithin(day: Opening, now: number): BusinessHoursAnswer {
  const { times } = day
  if (times === undefined) {
    const closed = { open: false, from: day.midnight, until: day.dayEnd }
    return day.holiday === undefined ? closed : { ...closed, holiday: day.holiday }
  }
  if (now < times.from) return { open: false, from: day.midnight, until: times.from }
  if (now < times.to) return { open: true, from: times.from, until: times.to }
  return { open: false, from: times.to, until: day.dayEnd }
}

function openingTimes(rule: Hours, date: Temporal.PlainDate, timeZone: string): { from: number; to: number } {
  const at = (time: string) => seconds(date.toZonedDateTime({ timeZone, plainTime: time }))
  return { from: at(rule.from), to: at(rule.to) }
}

function zoned(epochSeconds: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(epochSeconds * 1000)).toZonedDateTimeISO(zone)
}

function seconds(time: Temporal.ZonedDateTime): number {
  return time.epochMilliseconds / 1000
}

function knownCountry(country: string | null | undefined): string {
  return typeof country === 'string' && /^[A-Z]{2}$/.test(country) ? country : ''
}

const zones = new Map<string, boolean>()

/** Names only: an offset such as `+01:00` does not say when daylight saving time begins. */
function knownZone(zone: string | null | undefined): string | undefined {
  if (typeof zone !== 'string' || !/^[A-Za-z][\w+/-]{1,63}$/.test(zone)) return undefined
  let known = zones.get(zone)
  if (known === undefined) {
    known = isZone(zone)
    if (zones.size < 1000) zones.set(zone, known)
  }
  return known ? zone : undefined
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

function parseFile<Schema extends z.ZodType>(schema: Schema, path: string): z.infer<Schema> {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    const problem = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message
    throw new TypeError(`${path}: ${problem}`, { cause })
  }
}
