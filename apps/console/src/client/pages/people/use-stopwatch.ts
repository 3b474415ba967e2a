import { useEffect, useRef, useState } from 'react'
import { useAuditFeed, useAuditFeedSnapshot } from '../../api/audit-feed-context.tsx'
import type { AuditRecord } from '../../api/audit-record.ts'
import type { DirectorySignal, Person, PersonChange } from '../../api/people.ts'

/** A moment after the click. */
export interface Lap {
  id: string
  label: string
  /** From the click to when this page knew of it, or to when the corporate IdP had the receiver's answer. */
  ms: number
  isWrong?: boolean
}

/** One change of one person, from the click to the moment when the MCP server acts on it. */
export interface StopwatchRun {
  kind: 'disable' | 'enable' | 'groups'
  startedAt: number
  laps: Lap[]
  /** When the MCP server had taken the change in. Undefined while the clock runs. */
  stoppedAtMs: number | undefined
}

/** Actions of the MCP server's audit log that say that a change arrived. */
const arrivals: Readonly<Record<StopwatchRun['kind'], readonly string[]>> = {
  disable: ['revocation_received'],
  groups: ['permissions_change_received', 'revocation_received'],
  enable: [],
}

/**
 * Measures with the browser's clock. The MCP server's moment is when its audit record reached this page over the open
 * stream, so what is shown is never shorter than the truth.
 */
export function useStopwatch(person: Person) {
  const feed = useAuditFeed()
  const { records } = useAuditFeedSnapshot()
  const [run, setRun] = useState<StopwatchRun>()
  const startedAt = useRef(0)
  const subjects = useRef(new Set<string>())
  for (const { event } of records) {
    if (event.email === person.email && event.subject !== undefined) subjects.current.add(event.subject)
  }

  useEffect(
    () =>
      feed?.onRecord((record) => {
        const ms = performance.now() - startedAt.current
        setRun((current) => (current === undefined ? current : takeIn(current, record, ms, person, subjects.current)))
      }),
    [feed, person],
  )

  return {
    run,
    start(change: PersonChange) {
      startedAt.current = performance.now()
      const kind = 'groups' in change ? 'groups' : change.active ? 'enable' : 'disable'
      setRun({ kind, startedAt: startedAt.current, laps: [], stoppedAtMs: undefined })
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

function takeIn(
  run: StopwatchRun,
  record: AuditRecord,
  ms: number,
  person: Person,
  subjects: ReadonlySet<string>,
): StopwatchRun {
  const { event } = record
  const isAboutPerson = event.email === person.email || (event.subject !== undefined && subjects.has(event.subject))
  const isUnnamed = event.email === undefined && subjects.size === 0
  if (!isAboutPerson && !isUnnamed) return run
  if (event.phase === 'security') {
    if (event.action === 'stream_cut')
      return withLaps(run, [{ id: `stream ${record.sequence}`, label: 'An open stream was cut', ms }])
    if (!arrivals[run.kind].includes(event.action) || run.stoppedAtMs !== undefined) return run
    return withLaps({ ...run, stoppedAtMs: ms }, [
      { id: 'arrived', label: `The MCP server refuses from here on${endedWords(event.details?.endedCalls)}`, ms },
    ])
  }
  if (event.outcome !== 'refused' || run.laps.some(({ id }) => id === 'refusal')) return run
  return withLaps(run, [{ id: 'refusal', label: `First refused call: ${event.tool ?? event.action}`, ms }])
}

function endedWords(calls: unknown): string {
  if (typeof calls !== 'number' || calls === 0) return ''
  return calls === 1 ? '; one open call or stream ended' : `; ${calls} open calls and streams ended`
}

function withLaps(run: StopwatchRun, laps: readonly Lap[]): StopwatchRun {
  const added = laps.filter(({ id }) => run.laps.every((lap) => lap.id !== id))
  return { ...run, laps: [...run.laps, ...added].sort((one, other) => one.ms - other.ms) }
}
