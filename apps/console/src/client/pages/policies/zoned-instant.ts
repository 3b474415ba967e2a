/**
 * The instant at which a clock in a time zone shows a local time, as ISO 8601 with that zone's offset. A time that the
 * zone skips becomes the one an hour later; of one that it has twice, the first is taken.
 *
 * @param local `2026-12-24T22:00`.
 * @param zone IANA name. Unknown or left out: the browser's own zone.
 */
export function zonedInstant(local: string, zone: string | undefined): string {
  const wall = Date.parse(`${local.slice(0, 16)}:00Z`)
  // The offset depends on the instant, which depends on the offset: the second guess is right, or the gap is passed.
  const guess = wall - offsetMinutes(wall, zone) * 60_000
  const earlier = wall - offsetMinutes(guess - 3_600_000, zone) * 60_000
  const instant =
    earlier + offsetMinutes(earlier, zone) * 60_000 === wall ? earlier : wall - offsetMinutes(guess, zone) * 60_000
  const offset = offsetMinutes(instant, zone)
  const shown = new Date(instant + offset * 60_000).toISOString().slice(0, 19)
  return `${shown}${offsetWords(offset)}`
}

/** How far the zone's clock is ahead of UTC at an instant. */
function offsetMinutes(instant: number, zone: string | undefined): number {
  const parts = formatFor(zone).formatToParts(instant)
  const value = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find((part) => part.type === type)?.value)
  const wall = Date.UTC(value('year'), value('month') - 1, value('day'), value('hour'), value('minute'))
  return Math.round((wall - Math.floor(instant / 60_000) * 60_000) / 60_000)
}

function formatFor(timeZone: string | undefined): Intl.DateTimeFormat {
  const fields = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const
  try {
    return new Intl.DateTimeFormat('en-US', { ...fields, hourCycle: 'h23', ...(timeZone && { timeZone }) })
  } catch {
    return new Intl.DateTimeFormat('en-US', { ...fields, hourCycle: 'h23' })
  }
}

function offsetWords(minutes: number): string {
  const sign = minutes < 0 ? '-' : '+'
  const pad = (part: number): string => String(part).padStart(2, '0')
  return `${sign}${pad(Math.floor(Math.abs(minutes) / 60))}:${pad(Math.abs(minutes) % 60)}`
}
