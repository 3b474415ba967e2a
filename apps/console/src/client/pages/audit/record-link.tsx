import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { AuditRecord } from '../../api/audit-record.ts'

interface RecordLinkProperties {
  record: Pick<AuditRecord, 'log' | 'sequence'>
  children: ReactNode
  className?: string | undefined
  'aria-label'?: string
  'data-row-link'?: boolean
}

/** Leads to everything about a record. */
export function RecordLink({ record: { log, sequence }, ...link }: RecordLinkProperties) {
  return <Link to="/audit/$sequence" params={{ sequence: String(sequence) }} search={{ log }} {...link} />
}
