import type { AuditApi } from '../../../api/audit.ts'
import type { AuditRecord } from '../../../api/audit-record.ts'
import { recordLine } from '../../../api/record-hash.ts'
import type { AuditFilters } from '../audit-filters.ts'
import { csvHead, csvLine } from './csv.ts'

export type ExportFormat = 'jsonl' | 'csv'

interface FormatFacts {
  title: string
  type: string
  head: string
  line(record: AuditRecord): string
}

/** JSON lines are the log's own lines: a whole export of one log can be checked with `audit:verify`. */
export const exportFormats: Readonly<Record<ExportFormat, FormatFacts>> = {
  jsonl: {
    title: 'JSON lines, with hashes',
    type: 'application/jsonl',
    head: '',
    line: (record) => `${recordLine(record)}\n`,
  },
  csv: { title: 'Table (CSV)', type: 'text/csv', head: csvHead, line: csvLine },
}

const pageSize = 1000

/**
 * Reads everything that the filters let through, back to the first record, and writes it in the order of the log.
 *
 * @param onProgress Told how many records there are so far.
 * @throws what the API throws; the signal's reason when it is aborted.
 */
export async function exportAudit(options: {
  api: Pick<AuditApi, 'page'>
  filters: AuditFilters
  format: ExportFormat
  signal: AbortSignal
  onProgress(records: number): void
}): Promise<Blob> {
  const { api, filters, format, signal, onProgress } = options
  const { type, head, line } = exportFormats[format]
  const pages: string[] = []
  let count = 0
  let cursor: string | undefined
  do {
    const page = await api.page({ ...filters, limit: pageSize, cursor }, signal)
    pages.push(page.records.toReversed().map(line).join(''))
    count += page.records.length
    cursor = page.cursor
    onProgress(count)
  } while (cursor !== undefined)
  return new Blob([head, ...pages.reverse()], { type: `${type};charset=utf-8` })
}
