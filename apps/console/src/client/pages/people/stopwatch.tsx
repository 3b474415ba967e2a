import { IconAlertTriangle, IconCheck } from '@tabler/icons-react'
import { useEffect, useRef } from 'react'
import { useAuditFeedSnapshot } from '../../api/audit-feed-context.tsx'
import type { Person } from '../../api/people.ts'
import { Card } from '../../ui/card.tsx'
import styles from './stopwatch.module.css'
import type { StopwatchRun } from './use-stopwatch.ts'

const titles = {
  disable: 'until every MCP server refuses',
  groups: 'until every MCP server knows the new groups',
  enable: 'until the directory had told Keycloak',
} as const

/** From the click to the first refusal, with everything that happened in between on one line of time. */
export function Stopwatch({ run, person }: { run: StopwatchRun | undefined; person: Person }) {
  const feed = useAuditFeedSnapshot()
  if (run === undefined) return undefined
  const end = Math.max(run.stoppedAtMs ?? 0, ...run.laps.map(({ ms }) => ms), 1)
  return (
    <Card title="Stopwatch" aside={`since the click, for ${person.name}`}>
      <div className={styles.watch}>
        <div className={styles.dial} role="status">
          {run.stoppedAtMs === undefined ? (
            <RunningTime startedAt={run.startedAt} />
          ) : (
            <b className={styles.stopped}>{Math.round(run.stoppedAtMs).toLocaleString('en')} ms</b>
          )}
          <span>{titles[run.kind]}</span>
          {run.stoppedAtMs === undefined && run.laps.length > 0 && run.awaited.some((server) => server !== '') && (
            <span>waits for {run.awaited.join(', ')}</span>
          )}
          {feed.status === 'refused' && run.stoppedAtMs === undefined && (
            <span className={styles.blind}>You may not read the audit log, so this page cannot see it arrive.</span>
          )}
        </div>
        <ol className={styles.laps}>
          {run.laps.map(({ id, label, ms, isWrong = false, isArrival = false }) => (
            <li key={id} className={isArrival ? styles.arrived : isWrong ? styles.wrong : undefined}>
              <span className={styles.label}>
                {isWrong ? (
                  <IconAlertTriangle size={15} aria-hidden />
                ) : (
                  <IconCheck size={15} stroke={2.3} aria-hidden />
                )}
                {label}
              </span>
              <span className={styles.track} aria-hidden>
                <span style={{ width: `${Math.max(0.8, (ms / end) * 100)}%` }} />
              </span>
              <span className={styles.ms}>{Math.round(ms).toLocaleString('en')} ms</span>
            </li>
          ))}
        </ol>
      </div>
    </Card>
  )
}

/** Counts with the screen, outside React. */
function RunningTime({ startedAt }: { startedAt: number }) {
  const element = useRef<HTMLElement>(null)
  useEffect(() => {
    let frame = 0
    const show = (): void => {
      const { current } = element
      if (current !== null) current.textContent = `${Math.round(performance.now() - startedAt).toLocaleString('en')} ms`
      frame = requestAnimationFrame(show)
    }
    show()
    return () => cancelAnimationFrame(frame)
  }, [startedAt])
  return <b ref={element} aria-hidden className={styles.running} />
}
