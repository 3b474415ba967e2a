import colour from 'picocolors'
import { type Cell, checks, type MatrixReport, type RowReport, roles } from './row.ts'

/** One row for a person who follows the run. */
export function tellRow({ title, role, cells }: RowReport): string {
  const seconds = cells.reduce((sum, cell) => sum + ('milliseconds' in cell ? cell.milliseconds : 0), 0) / 1000
  const failed = cells.flatMap((cell) => (cell.outcome === 'failed' ? [`\n    ${cell.check}: ${cell.problem}`] : []))
  const mark = failed.length > 0 ? colour.red('✗') : colour.green('✓')
  return `${mark} ${title}, ${role}  ${colour.dim(`${seconds.toFixed(1)} s`)}${colour.red(failed.join(''))}`
}

/** The whole matrix for a terminal: a line a row, a column a check, the limits below. */
export function tellMatrix(report: MatrixReport): string {
  const { notes, rows } = numbered(report.rows)
  const lines = roles.flatMap((role) => {
    const own = rows.filter((row) => row.role === role)
    if (own.length === 0) return []
    const heading =
      role === 'issuer' ? 'as the issuer itself, no Keycloak between' : 'as the corporate IdP behind Keycloak'
    const table = [[heading, ...checks], ...own.map(({ title, words }) => [title, ...words])]
    return [...columns(table), '']
  })
  const limits = notes.map(({ text, source }, index) => `${superscript(index + 1)} ${text}  ${colour.dim(source)}`)
  return [...lines, ...limits].join('\n')
}

/** The matrix as Markdown, without times, so that it changes only when an outcome does. */
export function markdownMatrix({ rows: reports }: Pick<MatrixReport, 'rows'>): string {
  const { notes, rows } = numbered(reports, withoutTime)
  const tables = roles.flatMap((role) => {
    const own = rows.filter((row) => row.role === role)
    const heading = role === 'issuer' ? 'as the issuer, no Keycloak' : 'behind Keycloak'
    return [
      `| ${[heading, ...checks].join(' | ')} |`,
      `|${'---|'.repeat(checks.length + 1)}`,
      ...own.map(({ title, words }) => `| ${[title, ...words].join(' | ')} |`),
      '',
    ]
  })
  const limits = notes.map(({ text, source }, index) => `${superscript(index + 1)} ${text} ([source](${source})).`)
  return [...tables, limits.join('  \n')].join('\n').trim()
}

interface Note {
  text: string
  source: string
}

/** Every limit gets a number; the same limit has the same one everywhere. */
function numbered(reports: readonly RowReport[], word: (text: string) => string = (text) => text) {
  const notes: Note[] = []
  const noteOf = ({ text, source }: Note): string => {
    const known = notes.findIndex((note) => note.text === text && note.source === source)
    if (known >= 0) return superscript(known + 1)
    notes.push({ text, source })
    return superscript(notes.length)
  }
  const rows = reports.map(({ title, role, cells }) => ({
    title,
    role,
    words: cells.map((cell) => wordCell(cell, noteOf, word)),
  }))
  return { notes, rows }
}

function wordCell(cell: Cell, noteOf: (note: Note) => string, word: (text: string) => string): string {
  if (cell.outcome === 'limit') return `limit${noteOf(cell)}`
  if (cell.outcome === 'passed') return shown.has(cell.check) ? `✓ ${word(cell.detail)}` : '✓'
  return cell.outcome === 'failed' ? '✗' : '·'
}

/** Columns whose cells differ in more than the outcome. */
const shown: ReadonlySet<Cell['check']> = new Set(['group → tool', 'refresh', 'disable → denied'])

function withoutTime(detail: string): string {
  return detail.replace(/^\d+ ms, /, '')
}

function superscript(number: number): string {
  return [...String(number)].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('')
}

function columns(table: readonly string[][]): string[] {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)))
  return table.map((line) =>
    line
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
