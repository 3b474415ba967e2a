/** A place in each of several logs: sequences by the log's name. */
export type LogPositions = ReadonlyMap<string, number>

const part = /^([a-z0-9][a-z0-9-]{0,62}):(\d{1,15})$/

/** Reads what {@link formatPositions} wrote; undefined when it is something else. */
export function parsePositions(text: string): LogPositions | undefined {
  const parts = text.split(',').map((one) => part.exec(one))
  if (parts.some((found) => found === null)) return undefined
  return new Map(parts.map((found) => [found?.[1] ?? '', Number(found?.[2])]))
}

/** `name:sequence`, separated by commas. */
export function formatPositions(positions: LogPositions): string {
  return [...positions].map(([log, sequence]) => `${log}:${sequence}`).join(',')
}
