import { IconLink, IconLinkOff, IconShieldCheck, IconShieldX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type AuditRecord, placeOf } from '../../api/audit-record.ts'
import { firstPrevious, hashRecord } from '../../api/record-hash.ts'
import { Card } from '../../ui/card.tsx'
import { FactList } from '../../ui/fact-list.tsx'
import { Finding } from '../../ui/finding.tsx'
import { Identifier } from '../../ui/identifier.tsx'
import { CheckpointProof } from './checkpoint-proof.tsx'

interface ChainProofProperties {
  record: AuditRecord
  before: AuditRecord | undefined
  after: AuditRecord | undefined
}

interface Check {
  isRight: boolean
  right: string
  wrong: string
}

/** Computes the record's hash anew in this browser, looks at its neighbours, and verifies its place in the signed log. */
export function ChainProof(properties: ChainProofProperties) {
  const { record } = properties
  const proof = useQuery({
    queryKey: ['chain proof', placeOf(record), record.hash, properties.after?.sequence],
    queryFn: () => checkChain(properties),
    staleTime: Number.POSITIVE_INFINITY,
  })
  return (
    <Card title="Proof" aside="Computed in this browser">
      {proof.data?.map(({ isRight, right, wrong }, index) => {
        const icon = index === 0 ? (isRight ? IconShieldCheck : IconShieldX) : isRight ? IconLink : IconLinkOff
        return (
          <Finding key={right} isRight={isRight} icon={icon}>
            {isRight ? right : wrong}
          </Finding>
        )
      })}
      <CheckpointProof record={record} />
      <FactList
        facts={[
          {
            term: 'Hash',
            value: <Identifier value={record.hash} label="hash" />,
            note: 'SHA-256 over the record, leaf hash of RFC 6962',
          },
          { term: 'Hash before', value: <Identifier value={record.previous} label="hash of the record before" /> },
        ]}
      />
    </Card>
  )
}

async function checkChain({ record, before, after }: ChainProofProperties): Promise<Check[]> {
  const checks: Check[] = [
    {
      isRight: (await hashRecord(record)) === record.hash,
      right: 'The record is as it was written: its hash was computed anew and is the same',
      wrong: 'The record was changed: its hash, computed anew, is another',
    },
  ]
  if (before !== undefined || record.sequence === 1) {
    const expected = before === undefined ? firstPrevious : await hashRecord(before)
    checks.push({
      isRight: record.previous === expected,
      right:
        before === undefined
          ? 'It is the first record of the log'
          : `It follows record ${before.sequence}, whose hash it carries`,
      wrong: 'It does not follow the record before it: a record was changed, added or taken out',
    })
  }
  if (after !== undefined) {
    checks.push({
      isRight: after.previous === record.hash,
      right: `Record ${after.sequence} carries its hash`,
      wrong: `Record ${after.sequence} does not carry its hash`,
    })
  }
  return checks
}
