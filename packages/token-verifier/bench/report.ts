import { cpus, loadavg } from 'node:os'

/** One figure with the bound it is held to, where it has one. */
export interface Figure {
  readonly name: string
  readonly value: number
  /** `×` for ratios, `µs`, `ms`, `MB`, or a thing that is counted. */
  readonly unit: string
  /** Median in µs, beside a ratio. */
  readonly median?: number
  /** The same figure with other work of the machine counted out. */
  readonly undisturbed?: number
  /** Most that is acceptable. */
  readonly atMost?: number
}

/** What one part of the benchmark found. */
export interface Section {
  readonly title: string
  readonly note: string
  readonly figures: readonly Figure[]
}

/** Everything that a run found, and on what. */
export interface Report {
  readonly node: string
  readonly openssl: string
  readonly machine: string
  /** Load of the machine over the last minute, when the run began. */
  readonly load: number
  readonly rounds: number
  readonly sections: readonly Section[]
}

/** The report around its sections, with the machine that it was made on. */
export function reportOf(sections: readonly Section[], rounds: number): Report {
  const [cpu] = cpus()
  return {
    node: process.versions.node,
    openssl: process.versions.openssl,
    machine: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}`,
    load: loadavg()[0] ?? 0,
    rounds,
    sections,
  }
}

/** The first lines of a report in text. */
export function headingOf({ node, openssl, machine, load, rounds }: Report): string {
  const heading = `Node ${node}, OpenSSL ${openssl}, ${machine}, ${rounds} rounds`
  if (load <= cpus().length / 2) return heading
  return `${heading}\nThe machine has other work (load ${load.toFixed(1)}): medians are too high, "undisturbed" is nearer to the truth.`
}

/** A section as a table in text. */
export function tableOf({ title, note, figures }: Section): string {
  const hasUndisturbed = figures.some(({ undisturbed }) => undisturbed !== undefined)
  const rows = figures.map((figure) => [figure.name, ...cellsOf(figure)])
  const all = hasUndisturbed ? [['', 'median', 'undisturbed', '', ''], ...rows] : rows
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const lines = all.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0, column))
      .join('  ')
      .trimEnd(),
  )
  return [`\n${title}`, `  ${note}`, ...lines.map((line) => `  ${line}`)].join('\n')
}

function cellsOf({ value, unit, median, undisturbed, atMost }: Figure): string[] {
  const verdict = atMost === undefined ? '' : `${value <= atMost ? 'kept' : 'MISSED'}: at most ${atMost}`
  return [
    `${round(value)} ${unit}`,
    undisturbed === undefined ? '' : `${round(undisturbed)} ${unit}`,
    median === undefined ? '' : `${round(median)} µs`,
    verdict,
  ]
}

function pad(cell: string, width: number, column: number): string {
  return column > 0 && column < 4 ? cell.padStart(width) : cell.padEnd(width)
}

function round(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en')
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
