import { type AuditRecord, placeOf } from '../../api/audit-record.ts'
import { PagePending } from '../../shell/page-pending.tsx'
import { Card } from '../../ui/card.tsx'
import { Identifier } from '../../ui/identifier.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { Tag } from '../../ui/tag.tsx'
import { agoWords } from '../../ui/time-words.ts'
import { useNow } from '../../ui/use-now.ts'
import { RecordLink } from '../audit/record-link.tsx'
import styles from './shadow-differences.module.css'
import { useShadowDifferences } from './use-shadow-differences.ts'

/** Where a candidate set would decide otherwise than the live one: each kind of call once, from the audit log. */
export function ShadowDifferences({ version }: { version: string }) {
  const { differences, isPending, error, refetch } = useShadowDifferences(version)
  return (
    <Card
      isFlush
      title="A candidate beside them"
      aside={differences.length === 1 ? '1 difference' : `${differences.length} differences`}
    >
      {isPending && <PagePending />}
      {error !== null && <PageFailed error={error} reset={() => void refetch()} />}
      <ul>
        {differences.map((record) => (
          <Difference key={placeOf(record)} record={record} />
        ))}
      </ul>
      {!isPending && error === null && differences.length === 0 && (
        <p className={styles.nothing}>No call so far that it would have decided otherwise.</p>
      )}
      <div className={styles.version}>
        <span>It decides every call too, without effect. Version</span>
        <Identifier value={version} label="version of the candidate" />
      </div>
    </Card>
  )
}

function Difference({ record }: { record: AuditRecord }) {
  const now = useNow()
  const { event } = record
  const { live, livePolicies, candidate } = event.details ?? {}
  return (
    <li className={styles.row}>
      <p>
        <b>{event.email ?? event.name ?? event.subject}</b> <code>{event.tool}</code>
      </p>
      <p className={styles.verdicts}>
        <Tag tone={live === 'allowed' ? 'good' : 'bad'}>live: {String(live)}</Tag>
        <Tag tone={candidate === 'allowed' ? 'good' : 'bad'}>candidate: {String(candidate)}</Tag>
      </p>
      <p className={styles.policies}>
        {namesOf(livePolicies)} → {namesOf(event.policies)}
      </p>
      <RecordLink record={record}>{agoWords(new Date(event.time), now)}</RecordLink>
    </li>
  )
}

function namesOf(policies: unknown): string {
  return Array.isArray(policies) && policies.length > 0 ? policies.join(', ').replaceAll('-', ' ') : 'no policy'
}
