import type { AuditApi, AuditCheckpoints } from '../../../api/audit.ts'
import type { AuditRecord } from '../../../api/audit-record.ts'
import { exportLine, firstPrevious, recordLine } from '../../../api/record-hash.ts'
import type { AuditFilters } from '../audit-filters.ts'
import { csvHead, csvLine } from './csv.ts'

export type ExportFormat = 'jsonl' | 'csv'

interface FormatFacts {
  title: string
  type: string
  head: string
  line(record: AuditRecord): string
}

/** JSON lines are the logs' own lines; without filters, all of them can be checked with `audit:verify`. */
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

interface ExportOptions {
  api: Pick<AuditApi, 'page' | 'checkpoints'>
  filters: AuditFilters
  format: ExportFormat
  signal: AbortSignal
  /** Told how many records there are so far. */
  onProgress(records: number): void
}

/**
 * Reads everything that the filters let through, back to the first record, and writes it in the order of time. Without
 * filters, lines name their log, and one at the end states what each log has signed.
 *
 * @throws what the API throws; the signal's reason when it is aborted.
 */
export async function exportAudit(options: ExportOptions): Promise<Blob> {
  const { api, filters, format, signal } = options
  const { type, head, line } = exportFormats[format]
  const isWhole = format === 'jsonl' && Object.keys(filters).length === 0
  // Signed before the records are read: later ones are no matter then.
  const signed = isWhole ? await api.checkpoints(signal) : undefined
  const { pages, newest } = await readPages(
    options,
    signed === undefined ? line : (record) => `${exportLine(record)}\n`,
  )
  const end = signed === undefined ? '' : `${endOf(signed, newest)}\n`
  return new Blob([head, ...pages, end], { type: `${type};charset=utf-8` })
}

async function readPages({ api, filters, signal, onProgress }: ExportOptions, line: FormatFacts['line']) {
  const pages: string[] = []
  const newest = new Map<string, AuditRecord>()
  let count = 0
  let cursor: string | undefined
  do {
    const page = await api.page({ ...filters, limit: pageSize, cursor }, signal)
    pages.push(page.records.toReversed().map(line).join(''))
    for (const record of page.records) if (!newest.has(record.log)) newest.set(record.log, record)
    count += page.records.length
    cursor = page.cursor
    onProgress(count)
  } while (cursor !== undefined)
  return { pages: pages.reverse(), newest }
}

function endOf({ checkpoints, unread }: AuditCheckpoints, newest: ReadonlyMap<string, AuditRecord>): string {
  const logs = checkpoints.map(({ log, checkpoint, verifierKey }) => {
    const { sequence = 0, hash = firstPrevious } = newest.get(log) ?? {}
    return { log, records: sequence, head: hash, checkpoint, verifierKey }
  })
  return JSON.stringify({ logs, ...(unread.length > 0 && { unread }) })
}
