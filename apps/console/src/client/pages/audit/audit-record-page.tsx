import { Button } from '@mantine/core'
import { IconArrowLeft, IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams, useSearch } from '@tanstack/react-router'
import { useApis } from '../../api/api-context.tsx'
import { ApiError } from '../../api/api-error.ts'
import type { AuditRecord } from '../../api/audit-record.ts'
import { PagePending } from '../../shell/page-pending.tsx'
import { Card } from '../../ui/card.tsx'
import { FactList } from '../../ui/fact-list.tsx'
import { HumanLine } from '../../ui/human-line.tsx'
import { Identifier } from '../../ui/identifier.tsx'
import { Page } from '../../ui/page.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { PersonMark } from '../../ui/person-mark.tsx'
import { Tag } from '../../ui/tag.tsx'
import { fullTime, millisecondWords } from '../../ui/time-words.ts'
import tones from '../../ui/tone.module.css'
import styles from './audit-record-page.module.css'
import { ChainProof } from './chain-proof.tsx'
import { outcomeLook } from './outcome.tsx'
import { RecordLink } from './record-link.tsx'

/** Everything about one record: who, what, why, and the proof that nobody changed it. */
export function AuditRecordPage() {
  const { sequence: text } = useParams({ from: '/audit/$sequence' })
  const { log } = useSearch({ from: '/audit/$sequence' })
  const sequence = Number(text)
  const { audit } = useApis()
  const found = useQuery({
    queryKey: ['audit record', log, sequence],
    queryFn: async ({ signal }) => {
      const query = { ...(log === undefined ? {} : { log }), afterSequence: Math.max(0, sequence - 2), limit: 3 }
      const { records } = await audit.page(query, signal)
      const at = (wanted: number) => records.find((record) => record.sequence === wanted)
      const record = at(sequence)
      if (record === undefined) throw new ApiError(404, `The log has no record ${text}`)
      return { record, before: at(sequence - 1), after: at(sequence + 1) }
    },
    enabled: Number.isSafeInteger(sequence) && sequence > 0,
  })
  return (
    <Page
      title={`Record ${Number.isSafeInteger(sequence) ? sequence.toLocaleString('en') : ''}`}
      actions={<Neighbours before={found.data?.before} after={found.data?.after} />}
    >
      {found.isPending && <PagePending />}
      {found.isError && (
        <Card>
          <PageFailed error={found.error} reset={() => void found.refetch()} />
        </Card>
      )}
      {found.isSuccess && <RecordCards {...found.data} />}
    </Page>
  )
}

function Neighbours({ before, after }: { before: AuditRecord | undefined; after: AuditRecord | undefined }) {
  return (
    <>
      <Button
        component={Link}
        to="/audit"
        variant="default"
        size="compact-md"
        leftSection={<IconArrowLeft size={16} />}
      >
        All records
      </Button>
      {before !== undefined && (
        <RecordLink record={before} className={styles.step} aria-label="Record before">
          <IconChevronLeft size={18} aria-hidden />
        </RecordLink>
      )}
      {after !== undefined && (
        <RecordLink record={after} className={styles.step} aria-label="Record after">
          <IconChevronRight size={18} aria-hidden />
        </RecordLink>
      )}
    </>
  )
}

function RecordCards({
  record,
  before,
  after,
}: {
  record: AuditRecord
  before: AuditRecord | undefined
  after: AuditRecord | undefined
}) {
  const { event } = record
  const { icon: Icon, tone, word } = outcomeLook(record)
  return (
    <>
      <Card className={styles.hero}>
        <span className={`${styles.heroIcon} ${tones[tone]}`}>
          <Icon size={24} stroke={1.9} aria-hidden />
        </span>
        <div>
          <p className={styles.sentence}>
            <HumanLine record={record} />
          </p>
          <p className={styles.when}>
            <Tag tone={tone}>{word}</Tag>
            <time dateTime={event.time}>{fullTime(new Date(event.time))}</time>
            <span>in the log of {record.log}</span>
            {event.durationMs !== undefined && <span>took {millisecondWords(event.durationMs)}</span>}
          </p>
        </div>
      </Card>
      <div className={styles.columns}>
        <div className={styles.column}>
          <Who record={record} />
          <What record={record} />
        </div>
        <div className={styles.column}>
          <Why record={record} />
          <ChainProof record={record} before={before} after={after} />
        </div>
      </div>
    </>
  )
}

function Who({ record: { event } }: { record: AuditRecord }) {
  const name = event.name ?? event.email ?? event.clientId ?? event.subject
  return (
    <Card title="Who">
      {name !== undefined && (
        <div className={styles.person}>
          <PersonMark name={name} />
          <div>
            <b>{name}</b>
            <span>{[event.department, event.callerKind].filter(Boolean).join(' · ')}</span>
          </div>
        </div>
      )}
      <FactList
        facts={[
          { term: 'E-mail', value: event.email },
          { term: 'Acting through', value: event.actors?.join(', then ') },
          { term: 'Client', value: event.clientId },
          { term: 'Subject', value: event.subject && <Identifier value={event.subject} label="subject" /> },
          { term: 'Session', value: event.sessionId && <Identifier value={event.sessionId} label="session" /> },
          {
            term: 'Access token',
            value: event.tokenId && <Identifier value={event.tokenId} label="token id" />,
            note: 'Its id. The token itself is never written.',
          },
          { term: 'Issuer', value: event.issuer },
          { term: 'Signed in by', value: event.identityProvider },
        ]}
      />
    </Card>
  )
}

function Why({ record: { event } }: { record: AuditRecord }) {
  return (
    <Card title="Why">
      <FactList
        facts={[
          {
            term: 'Decision',
            value: `${event.outcome}, ${event.phase === 'outcome' ? 'after the tool ran' : event.phase === 'decision' ? 'before the tool ran' : 'security event'}`,
          },
          { term: 'Reason', value: event.reason },
          {
            term: 'Policies',
            value: (event.policies?.length ?? 0) > 0 && (
              <span className={styles.tags}>
                {event.policies?.map((policy) => (
                  <Tag key={policy} isCode>
                    {policy}
                  </Tag>
                ))}
              </span>
            ),
          },
          {
            term: 'Policy set',
            value: event.policyVersion && <Identifier value={event.policyVersion} label="policy version" />,
          },
        ].map((fact) => ({ ...fact, value: fact.value === false ? undefined : fact.value }))}
      />
    </Card>
  )
}

function What({ record: { event } }: { record: AuditRecord }) {
  const readable = Object.entries({ ...event.readableArguments, ...event.details })
  return (
    <Card title="What">
      <FactList
        facts={[
          { term: event.tool === undefined ? 'Event' : 'Tool', value: <code>{event.tool ?? event.action}</code> },
          ...readable.map(([term, value]) => ({
            term,
            value: <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>,
          })),
          {
            term: 'Arguments',
            value: event.argumentsDigest && <Identifier value={event.argumentsDigest} label="digest" />,
            note: 'Digest of all arguments',
          },
          { term: 'Request', value: event.requestId && <Identifier value={event.requestId} label="request id" /> },
          { term: 'Trace', value: event.traceparent && <Identifier value={event.traceparent} label="trace context" /> },
          { term: 'Protocol', value: event.protocolEra && `MCP ${event.protocolEra}` },
        ]}
      />
    </Card>
  )
}
