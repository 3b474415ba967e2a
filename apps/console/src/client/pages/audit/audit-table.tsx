import { Button, Skeleton } from '@mantine/core'
import { IconArrowUp, IconHistoryOff, IconMoodEmpty } from '@tabler/icons-react'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from 'react'
import { placeOf } from '../../api/audit-record.ts'
import { EmptyState } from '../../ui/empty-state.tsx'
import { HumanLine } from '../../ui/human-line.tsx'
import { clockWords, fullTime, millisecondWords } from '../../ui/time-words.ts'
import tones from '../../ui/tone.module.css'
import styles from './audit-table.module.css'
import type { AuditLine } from './calls.ts'
import { outcomeLook } from './outcome.tsx'
import { RecordLink } from './record-link.tsx'

interface AuditTableProperties {
  /** The newest first. */
  lines: readonly AuditLine[]
  /** When records came over the stream; fresh ones are marked for a moment. */
  arrivedAt: ReadonlyMap<string, number>
  /** Whether each line has to say which log it is in. */
  hasSeveralLogs: boolean
  isLoading: boolean
  isFiltered: boolean
  hasOlder: boolean
  loadOlder(): void
}

const rowHeight = 58
const heightOfRow = (): number => rowHeight

/** A table of any length: only the rows in view exist. Stays where it is when rows arrive above, and says how many. */
export function AuditTable(properties: AuditTableProperties) {
  const { lines, arrivedAt, hasSeveralLogs, isLoading, isFiltered, hasOlder, loadOlder } = properties
  const scroller = useRef<HTMLDivElement>(null)
  // Functions that stay the same, or every row of a long log would be measured at every step of the scroll.
  const getItemKey = useCallback((index: number) => keyOf(lines[index]) ?? index, [lines])
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: useCallback(() => scroller.current, []),
    estimateSize: heightOfRow,
    overscan: 12,
    getItemKey,
  })
  const rows = virtualizer.getVirtualItems()
  const lastIndex = rows.at(-1)?.index ?? 0
  useEffect(() => {
    if (hasOlder && lastIndex >= lines.length - 40) loadOlder()
  }, [hasOlder, lastIndex, lines.length, loadOlder])
  const missed = useMissedLines(lines, scroller)

  if (isLoading && lines.length === 0) return <LoadingRows />
  if (lines.length === 0) return isFiltered ? <NothingMatches /> : <NothingYet />
  return (
    <div className={styles.frame}>
      {missed > 0 && (
        <Button
          className={styles.missed}
          size="compact-sm"
          radius="xl"
          leftSection={<IconArrowUp size={14} aria-hidden />}
          onClick={() => scroller.current?.scrollTo({ top: 0 })}
        >
          {missed} new
        </Button>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard */}
      <section ref={scroller} className={styles.scroller} tabIndex={0} aria-label="Audit records, the newest first">
        <ol className={styles.table} style={{ height: virtualizer.getTotalSize() }} onKeyDown={moveBetweenRows}>
          {rows.map(({ index, key, start }) => {
            const line = lines[index]
            if (line === undefined) return undefined
            return (
              <AuditRow
                key={key}
                line={line}
                index={index}
                size={hasOlder ? -1 : lines.length}
                showsLog={hasSeveralLogs}
                top={start}
                isFresh={Date.now() - (arrivedAt.get(placeOf(line.record)) ?? 0) < 3000}
              />
            )
          })}
        </ol>
      </section>
      <p className={styles.count}>
        {lines.length.toLocaleString('en')} {hasOlder ? 'loaded, older ones as you scroll' : 'in all'}
      </p>
    </div>
  )
}

function AuditRow(properties: {
  line: AuditLine
  index: number
  size: number
  top: number
  isFresh: boolean
  showsLog: boolean
}) {
  const { line, index, size, top, isFresh, showsLog } = properties
  const { record, ending } = line
  const { icon: Icon, tone, word } = outcomeLook(record, ending)
  const time = new Date(record.event.time)
  const durationMs = ending?.event.durationMs ?? record.event.durationMs
  const reason = ending?.event.reason ?? record.event.reason
  return (
    <li
      aria-posinset={index + 1}
      aria-setsize={size}
      className={`${styles.row} ${isFresh ? styles.fresh : ''}`}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span className={`${styles.outcome} ${tones[tone]}`}>
        <Icon size={16} stroke={2.1} aria-hidden />
        <span className={styles.hidden}>{word}</span>
      </span>
      <span className={styles.line}>
        <RecordLink record={record} className={styles.link} data-row-link>
          <HumanLine record={record} withoutReason />
        </RecordLink>
        {showsLog && <span className={styles.reason}>{record.log}</span>}
        {reason !== undefined && <span className={styles.reason}>{reason}</span>}
      </span>
      <span className={styles.duration}>{durationMs !== undefined && millisecondWords(durationMs)}</span>
      <span className={styles.time}>
        <time dateTime={record.event.time} title={fullTime(time)}>
          {clockWords(time)}
        </time>
      </span>
    </li>
  )
}

/** How many rows arrived above while somebody reads further down. */
function useMissedLines(lines: readonly AuditLine[], scroller: { current: HTMLDivElement | null }): number {
  const newest = keyOf(lines[0])
  const [seen, setSeen] = useState(newest)
  const isAtTop = (scroller.current?.scrollTop ?? 0) < rowHeight
  useEffect(() => {
    if (isAtTop && seen !== newest) setSeen(newest)
  }, [isAtTop, newest, seen])
  return isAtTop || seen === undefined
    ? 0
    : Math.max(
        0,
        lines.findIndex((line) => keyOf(line) === seen),
      )
}

function keyOf(line: AuditLine | undefined): string | undefined {
  return line && placeOf(line.record)
}

function moveBetweenRows(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-row-link]')]
  const at = links.indexOf(event.target as HTMLElement)
  const next = links[at + (event.key === 'ArrowDown' ? 1 : -1)]
  if (at === -1 || next === undefined) return
  event.preventDefault()
  next.focus()
  next.scrollIntoView({ block: 'nearest' })
}

function LoadingRows() {
  return (
    <div className={styles.loading} role="status" aria-label="Loading the audit log">
      {Array.from({ length: 8 }, (_, index) => (
        <Skeleton key={index} height={20} width={`${88 - ((index * 13) % 40)}%`} />
      ))}
    </div>
  )
}

function NothingMatches() {
  return (
    <EmptyState icon={IconMoodEmpty} title="Nothing matches these filters">
      New records that match appear here by themselves.
    </EmptyState>
  )
}

function NothingYet() {
  return (
    <EmptyState icon={IconHistoryOff} title="Nothing has been called yet">
      The first call of a tool appears here by itself.
    </EmptyState>
  )
}
