import type { Cell, MatrixReport, RowReport } from './row.ts'
import { markdownMatrix } from './tell-matrix.ts'

/** The outcomes without times, as `docs/providers/matrix.json` keeps them. */
export interface WrittenMatrix {
  rows: RowReport[]
}

const begin = '<!-- providers: written by pnpm e2e:providers --write -->'
const end = '<!-- end of providers -->'

export function writtenMatrix({ rows }: Pick<MatrixReport, 'rows'>): WrittenMatrix {
  return { rows: rows.map((row) => ({ ...row, cells: row.cells.map(withoutTimes) })) }
}

function withoutTimes(cell: Cell): Cell {
  return cell.outcome === 'passed' ? { ...cell, detail: cell.detail.replace(/^\d+ ms, /, ''), milliseconds: 0 } : cell
}

/**
 * The README with the table between its two marks.
 *
 * @throws {Error} The README has no such marks.
 */
export function placeInReadme(readme: string, { rows }: WrittenMatrix): string {
  const [before, rest] = split(readme, begin)
  const [, after] = split(rest, end)
  return `${before}${begin}\n${markdownMatrix({ rows })}\n${end}${after}`
}

function split(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  if (at < 0) throw new Error(`the README must hold the mark ${mark}`)
  return [text.slice(0, at), text.slice(at + mark.length)]
}
