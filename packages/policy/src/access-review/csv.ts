/**
 * Writes rows as CSV (RFC 4180), every cell quoted.
 *
 * A cell that a spreadsheet would take for a formula gets an apostrophe in front, which shows it as text: names and
 * reasons are written by people. Control characters and marks that change the direction of text become spaces.
 */
export function toCsv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

function cell(text: string): string {
  const line = plainLine(text)
  const safe = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/.test(line) ? `'${line}` : line
  return `"${safe.replaceAll('"', '""')}"`
}

/** Text on one line, without characters that nobody sees. */
export function plainLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
}
