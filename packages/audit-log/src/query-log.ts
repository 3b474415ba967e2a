import type { AuditOutcome, AuditRecord } from './audit-event.ts'
import type { AuditReader } from './audit-store.ts'
import { humanLine } from './human-line.ts'
import type { PersonalDataVault } from './personal-data.ts'
import { parseRecordLine } from './record-line.ts'

/** Which records; every member that is given must match. */
export interface AuditQuery {
  /** Only records after this sequence, the oldest first. Without it: the newest records. */
  afterSequence?: number
  /** 1 to 1,000. Default 100. */
  limit?: number
  subject?: string
  tool?: string
  outcome?: AuditOutcome
  action?: string
  /** Part of the human line or of the record, in any case. */
  text?: string
  /** Leave personal members as they are stored, encrypted in a log with a `PersonalDataVault`. Default false. */
  sealed?: boolean
}

/** Finds records in a store; the answer is in ascending order of sequence either way. */
export async function queryLog(
  reader: AuditReader,
  query: AuditQuery,
  personalData?: Pick<PersonalDataVault, 'open'>,
): Promise<AuditRecord[]> {
  const limit = Math.min(Math.max(Math.trunc(query.limit ?? 100), 1), 1000)
  const matches = createMatcher(query, query.sealed === true ? undefined : personalData)
  const found: AuditRecord[] = []
  const newestFirst = query.afterSequence === undefined
  const pages = newestFirst ? reader.backward() : reader.forward(query.afterSequence ?? 0)
  for await (const page of pages) {
    if (page === 'unfinished') break
    for (const bytes of page) {
      const record = matches(bytes)
      if (record !== undefined && found.push(record) === limit) return newestFirst ? found.reverse() : found
    }
  }
  return newestFirst ? found.reverse() : found
}

function withOpenedEvent(record: AuditRecord, personalData: Pick<PersonalDataVault, 'open'> | undefined): AuditRecord {
  if (personalData === undefined || record.event.sealed === undefined) return record
  const event = personalData.open(record.event)
  return event === record.event ? record : { ...record, event, storedEvent: record.event }
}

const exact = ['subject', 'tool', 'outcome', 'action'] as const

/** Lines are searched as bytes first, because parsing is what costs. */
function createMatcher(
  query: AuditQuery,
  personalData: Pick<PersonalDataVault, 'open'> | undefined,
): (bytes: Buffer) => AuditRecord | undefined {
  const wanted = exact.flatMap((name) => (query[name] === undefined ? [] : [{ name, value: query[name] }]))
  const needles = wanted.map(({ name, value }) => Buffer.from(`${JSON.stringify(name)}:${JSON.stringify(value)}`))
  const text = query.text?.toLowerCase()
  return (bytes) => {
    if (!needles.every((needle) => bytes.includes(needle))) return undefined
    const line = bytes.toString('utf8')
    const record = withOpenedEvent(parseRecordLine(line), personalData)
    if (!wanted.every(({ name, value }) => record.event[name] === value)) return undefined
    if (text !== undefined && !`${humanLine(record.event)}\n${JSON.stringify(record)}`.toLowerCase().includes(text))
      return undefined
    return record
  }
}
