const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' })

/** `14:03:22`, with the day in front of it when that is not today. */
export function clockWords(time: Date, now: Date = new Date()): string {
  const isToday = time.toDateString() === now.toDateString()
  return isToday ? clock.format(time) : `${day.format(time)}, ${clock.format(time)}`
}

export function fullTime(time: Date): string {
  return full.format(time)
}

/** `4 min 12 s`, `38 s`, `2 h 5 min`; two units at most. Negative durations count as none. */
export function durationWords(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const
  const first = parts.findIndex(([amount]) => amount > 0)
  if (first === -1) return '0 s'
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ')
}

/** `just now`, `38 s ago`, `4 min ago`. */
export function agoWords(time: Date, now: number): string {
  const seconds = (now - time.getTime()) / 1000
  if (seconds < 2) return 'just now'
  if (seconds < 60) return `${Math.floor(seconds)} s ago`
  return `${durationWords(seconds - (seconds % 60))} ago`
}

/** `< 1 ms`, `12 ms`, `1.2 s`. The audit log counts whole milliseconds. */
export function millisecondWords(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(milliseconds >= 10_000 ? 0 : 1)} s`
  return milliseconds < 1 ? '< 1 ms' : `${Math.round(milliseconds)} ms`
}
