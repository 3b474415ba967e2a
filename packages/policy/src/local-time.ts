import { Temporal } from 'temporal-polyfill'

/**
 * Reads `2026-12-24T22:00` as local time in a zone, or an instant with an offset as it stands.
 *
 * @returns Seconds since the epoch.
 * @throws {TypeError} It is neither.
 */
export function parseLocalTime(text: string, zone: string | null | undefined): number {
  try {
    if (/(Z|[+-]\d\d:\d\d)$/.test(text)) return Temporal.Instant.from(text).epochMilliseconds / 1000
    return Temporal.PlainDateTime.from(text).toZonedDateTime(zone ?? 'UTC').epochMilliseconds / 1000
  } catch (cause) {
    throw new TypeError(`not a time like 2026-12-24T22:00: ${text}`, { cause })
  }
}
