import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AuditRecord, humanLine, openAuditLog, verifyAuditLog } from '@mcp-identity/audit-log'
import { afterAll, describe, expect, it } from 'vitest'
import { csvCell } from '../../src/client/pages/audit/export/csv.ts'
import { exportAudit } from '../../src/client/pages/audit/export/export-audit.ts'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

const hostile = '=HYPERLINK("https://evil.example","click")\u2028\u0085"><img src=x onerror=alert(1)>'

async function writeLog(count: number): Promise<{ records: AuditRecord[]; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'export-'))
  folders.push(folder)
  const log = await openAuditLog({ path: join(folder, 'audit.jsonl') })
  const records: AuditRecord[] = []
  for (let index = 0; index < count; index += 1) {
    records.push(await log.append({ phase: 'decision', action: 'tools/call', tool: hostile, outcome: 'allowed' }))
  }
  await log.close()
  return { records, folder }
}

/** Pages of three, newest first, as the MCP server hands them out. */
const pagesOf = (records: AuditRecord[]) => ({
  async page({ cursor: from }: { cursor?: string | undefined }) {
    const end = from === undefined ? records.length : Number(from)
    const page = records.slice(Math.max(0, end - 3), end)
    const views = page.map((record) => ({ log: 'mcp-server', ...record, line: humanLine(record.event) }))
    const cursor = end > 3 ? String(end - 3) : undefined
    return { records: views.reverse() as never, cursor, nextAfter: '', unread: [] }
  },
})

const exportAll = async (records: AuditRecord[], format: 'jsonl' | 'csv', signal = new AbortController().signal) => {
  const counts: number[] = []
  const api = pagesOf(records)
  const blob = await exportAudit({ api, filters: {}, format, signal, onProgress: (count) => counts.push(count) })
  return { text: await blob.text(), counts }
}

describe('an export', () => {
  it('as JSON lines is the log itself: it verifies from the first record to the last', async () => {
    const { records, folder } = await writeLog(8)
    const { text, counts } = await exportAll(records, 'jsonl')
    const path = join(folder, 'exported.jsonl')
    await writeFile(path, text)
    expect(await verifyAuditLog(path)).toMatchObject({ intact: true, records: 8 })
    await writeFile(path, text.replace('"allowed"', '"refused"'))
    expect(await verifyAuditLog(path)).toMatchObject({ intact: false })
    expect(counts).toEqual([3, 6, 8])
  })

  it('as a table has a head and one line a record, the oldest first', async () => {
    const { records } = await writeLog(4)
    const lines = (await exportAll(records, 'csv')).text.trimEnd().split('\r\n')
    expect(lines).toHaveLength(5)
    expect(lines[0]).toMatch(/^"log","sequence","time","sentence"/)
    expect(lines.slice(1).map((line) => line.split(',')[1])).toEqual(['"1"', '"2"', '"3"', '"4"'])
    expect(lines[1]).toContain(`"'=HYPERLINK(""https://evil.example"`)
  })

  it('tells when it cannot go on, and gives nothing', async () => {
    const failing = { page: () => Promise.reject(new Error('localhost:8481 does not answer')) }
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
