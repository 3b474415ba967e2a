import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AuditRecord, humanLine, openAuditLog, verifyExport } from '@mcp-identity/audit-log'
import { afterAll, describe, expect, it } from 'vitest'
import type { AuditCheckpoints } from '../../src/client/api/audit.ts'
import type { AuditFilters } from '../../src/client/pages/audit/audit-filters.ts'
import { csvCell } from '../../src/client/pages/audit/export/csv.ts'
import { exportAudit } from '../../src/client/pages/audit/export/export-audit.ts'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

const hostile = '=HYPERLINK("https://evil.example","click")\u2028\u0085"><img src=x onerror=alert(1)>'

type LoggedRecord = AuditRecord & { log: string }
interface WrittenLogs {
  records: LoggedRecord[]
  signed: AuditCheckpoints
  folder: string
}

/** Logs of replicas that take turns. */
async function writeLogs(count: number, names: readonly string[] = ['mcp-server']): Promise<WrittenLogs> {
  const folder = await mkdtemp(join(tmpdir(), 'export-'))
  folders.push(folder)
  const open = (name: string) =>
    openAuditLog({ path: join(folder, `${name}.jsonl`), signingKeyFile: join(folder, `${name}.pem`) })
  const logs = await Promise.all(names.map(async (name) => ({ name, log: await open(name) })))
  const records: LoggedRecord[] = []
  for (let index = 0; index < count; index += 1)
    for (const { name, log } of logs) {
      const time = new Date(Date.UTC(2026, 10, 28, 10, 0, records.length)).toISOString()
      const event = { time, phase: 'decision', action: 'tools/call', tool: hostile, outcome: 'allowed' } as const
      records.push({ ...(await log.append(event)), log: name })
    }
  const checkpoints = logs.map(async ({ name, log }) => {
    const verifierKey = await log.verifierKey()
    return { log: name, checkpoint: await log.checkpoint(), verifierKey }
  })
  const signed = { checkpoints: await Promise.all(checkpoints), unread: [] }
  for (const { log } of logs) await log.close()
  return { records, signed, folder }
}

/** Pages of three, newest first, as the MCP server hands them out. */
const apiOf = ({ records, signed }: Pick<WrittenLogs, 'records' | 'signed'>) => ({
  checkpoints: async () => signed,
  async page({ cursor: from }: { cursor?: string | undefined }) {
    const end = from === undefined ? records.length : Number(from)
    const page = records.slice(Math.max(0, end - 3), end)
    const views = page.map((record) => ({ ...record, line: humanLine(record.event) }))
    const cursor = end > 3 ? String(end - 3) : undefined
    return { records: views.reverse() as never, cursor, nextAfter: '', unread: [] }
  },
})

const exportAll = async (
  written: Pick<WrittenLogs, 'records' | 'signed'>,
  format: 'jsonl' | 'csv',
  filters: AuditFilters = {},
) => {
  const counts: number[] = []
  const { signal } = new AbortController()
  const onProgress = (count: number) => counts.push(count)
  const blob = await exportAudit({ api: apiOf(written), filters, format, signal, onProgress })
  return { text: await blob.text(), counts }
}

describe('an export', () => {
  it('as JSON lines is the logs themselves: each verifies from the first record to the last, with what it signed', async () => {
    const written = await writeLogs(4, ['replica-1', 'replica-2', 'replica-3'])
    const { text, counts } = await exportAll(written, 'jsonl')
    const path = join(written.folder, 'exported.jsonl')
    await writeFile(path, text)
    const intact = { intact: true, records: 4, checkpointSize: 4 }
    expect(await verifyExport(path)).toMatchObject({ intact: true, logs: [intact, intact, intact], problems: [] })
    await writeFile(path, text.replace('"allowed"', '"refused"'))
    expect(await verifyExport(path)).toMatchObject({
      intact: false,
      logs: [{ log: 'replica-1', line: 1 }, intact, intact],
    })
    expect(counts).toEqual([3, 6, 9, 12])
  })

  it('as JSON lines says which logs are missing', async () => {
    const { records, signed, folder } = await writeLogs(2, ['replica-1'])
    const unread = [{ log: 'replica-2', problem: 'it does not answer' }]
    const path = join(folder, 'exported.jsonl')
    await writeFile(path, (await exportAll({ records, signed: { ...signed, unread } }, 'jsonl')).text)
    expect(await verifyExport(path)).toMatchObject({
      intact: false,
      logs: [{ intact: true }],
      problems: ['the records of replica-2 are missing: it does not answer'],
    })
  })

  it('of what filters show is lines of the log alone', async () => {
    const { text } = await exportAll(await writeLogs(4), 'jsonl', { outcome: 'allowed' })
    const lines = text.trimEnd().split('\n')
    expect(lines).toHaveLength(4)
    for (const line of lines) expect(line).toMatch(/^\{"hash":/)
  })

  it('as a table has a head and one line a record, the oldest first', async () => {
    const lines = (await exportAll(await writeLogs(4), 'csv')).text.trimEnd().split('\r\n')
    expect(lines).toHaveLength(5)
    expect(lines[0]).toMatch(/^"log","sequence","time","sentence"/)
    expect(lines.slice(1).map((line) => line.split(',')[1])).toEqual(['"1"', '"2"', '"3"', '"4"'])
    expect(lines[1]).toContain(`"'=HYPERLINK(""https://evil.example"`)
  })

  it('tells when it cannot go on, and gives nothing', async () => {
    const fail = () => Promise.reject(new Error('localhost:8481 does not answer'))
    const failing = { page: fail, checkpoints: fail }
    const { signal } = new AbortController()
    const run = exportAudit({ api: failing, filters: {}, format: 'csv', signal, onProgress: () => {} })
    await expect(run).rejects.toThrow('does not answer')
  })
})

describe('a cell', () => {
  it.each([
    ['=1+1', `"'=1+1"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['\t=1', `"'\t=1"`],
    ['\r=1', `"'\r=1"`],
    [' =1', `"' =1"`],
    ['\u200b=1', `"'\u200b=1"`],
    ['＝1', `"'＝1"`],
    ['%0A=1', `"'%0A=1"`],
  ])('that a spreadsheet would compute is text: %j', (value, cell) => expect(csvCell(value)).toBe(cell))

  it.each([
    ['alice@company.com', '"alice@company.com"'],
    ['a "quoted" word', '"a ""quoted"" word"'],
    ['two\nlines, one cell', '"two\nlines, one cell"'],
    [-1.5, '"-1.5"'],
    [undefined, '""'],
    [{ customer: '=1' }, '"{""customer"":""=1""}"'],
  ])('of %j is %s', (value, cell) => expect(csvCell(value)).toBe(cell))
})
