import { useEffect, useRef, useState } from 'react'
import { useAuditFeedSnapshot } from '../../api/audit-feed-context.tsx'
import { type AuditRecord, placeOf } from '../../api/audit-record.ts'
import type { DirectorySignal, Person, PersonChange } from '../../api/people.ts'
import { useServerFeeds } from './use-server-feeds.ts'

/** A moment after the click. */
export interface Lap {
  id: string
  label: string
  /** From the click to when this page knew of it, or to when the corporate IdP had the receiver's answer. */
  ms: number
  isWrong?: boolean
  /** A server took the change in. */
  isArrival?: boolean
}

/** One change of one person, from the click to the moment when the MCP server acts on it. */
export interface StopwatchRun {
  kind: 'disable' | 'enable' | 'groups'
  startedAt: number
  laps: Lap[]
  /** Servers that have not told yet that they took the change in. */
  awaited: readonly string[]
  /** When the last server had taken the change in. Undefined while the clock runs. */
  stoppedAtMs: number | undefined
}

/** Actions of the MCP server's audit log that say that a change arrived. */
const arrivals: Readonly<Record<StopwatchRun['kind'], readonly string[]>> = {
  disable: ['revocation_received'],
  groups: ['permissions_change_received', 'revocation_received'],
  enable: [],
}

/**
 * Measures with the browser's clock, until every replica has taken the change in. A server's moment is when its audit
 * record reached this page over the open stream, so what is shown is never shorter than the truth.
 */
export function useStopwatch(person: Person) {
  const feeds = useServerFeeds()
  const { records } = useAuditFeedSnapshot()
  const [run, setRun] = useState<StopwatchRun>()
  const startedAt = useRef(0)
  const subjects = useRef(new Set<string>())
  for (const { event } of records) {
    if (event.email === person.email && event.subject !== undefined) subjects.current.add(event.subject)
  }

  useEffect(() => {
    const stops = feeds.map(({ server, feed }) =>
      feed.onRecord((record) => {
        const ms = performance.now() - startedAt.current
        if (isAbout(record, person, subjects.current))
          setRun((current) => current && takeIn(current, record, server, ms))
      }),
    )
    return () => {
      for (const stop of stops) stop()
    }
  }, [feeds, person])

  return {
    run,
    start(change: PersonChange) {
      startedAt.current = performance.now()
      const kind = 'groups' in change ? 'groups' : change.active ? 'enable' : 'disable'
      const awaited = kind === 'enable' ? [] : feeds.map(({ server }) => server)
      setRun({ kind, startedAt: startedAt.current, laps: [], awaited, stoppedAtMs: undefined })
    },
    directoryAnswered(signals: readonly DirectorySignal[]) {
      const answeredMs = performance.now() - startedAt.current
      setRun((current) => current && withSignals(current, signals, answeredMs))
    },
    reset: () => setRun(undefined),
  }
}

function withSignals(run: StopwatchRun, signals: readonly DirectorySignal[], answeredMs: number): StopwatchRun {
  const laps = signals.map(({ signal, description, state, ms, remark }): Lap => {
    const isWrong = state !== 'done'
    return {
      id: signal,
      label: isWrong ? `${description}: ${remark ?? state}` : `Delivered: ${description}`,
      ms: ms ?? answeredMs,
      isWrong,
    }
  })
  const answered: Lap = { id: 'answered', label: 'The directory answered this page', ms: answeredMs }
  const isDone = run.kind === 'enable'
  return withLaps({ ...run, stoppedAtMs: run.stoppedAtMs ?? (isDone ? answeredMs : undefined) }, [...laps, answered])
}

function isAbout({ event }: AuditRecord, person: Person, subjects: ReadonlySet<string>): boolean {
  if (event.email === person.email || (event.subject !== undefined && subjects.has(event.subject))) return true
  return event.email === undefined && subjects.size === 0
}

function takeIn(run: StopwatchRun, record: AuditRecord, server: string, ms: number): StopwatchRun {
  const { event } = record
  const at = server === '' ? '' : ` at ${server}`
  if (event.phase === 'security') {
    if (event.action === 'stream_cut')
      return withLaps(run, [{ id: `stream ${placeOf(record)}`, label: `An open stream was cut${at}`, ms }])
    if (!arrivals[run.kind].includes(event.action) || !run.awaited.includes(server)) return run
    const awaited = run.awaited.filter((each) => each !== server)
    const stoppedAtMs = awaited.length === 0 ? ms : undefined
    const what = run.kind === 'groups' ? 'knows the new groups' : 'refuses from here on'
    const label = `${server === '' ? 'The MCP server' : server} ${what}${endedWords(event.details?.endedCalls)}`
    const arrived = { id: `arrived${at}`, label, ms, isArrival: true }
    return withLaps({ ...run, awaited, stoppedAtMs }, [arrived])
  }
  if (event.outcome !== 'refused') return run
  const label = `First refused call${at}: ${event.tool ?? event.action}`
  return withLaps(run, [{ id: `refusal${at}`, label, ms }])
}

function endedWords(calls: unknown): string {
  if (typeof calls !== 'number' || calls === 0) return ''
  return calls === 1 ? '; one open call or stream ended' : `; ${calls} open calls and streams ended`
}

function withLaps(run: StopwatchRun, laps: readonly Lap[]): StopwatchRun {
  const added = laps.filter(({ id }) => run.laps.every((lap) => lap.id !== id))
  return { ...run, laps: [...run.laps, ...added].sort((one, other) => one.ms - other.ms) }
}
