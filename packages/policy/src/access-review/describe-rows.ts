import type { RowFilter } from '../row-filter.ts'

/** What a filter says beside its meaning, for SQL's sake: that a column is not NULL. */
const presence = /\((\w+) IS NOT NULL\) AND | AND \(\w+ IS NOT NULL\)/g

/** A row filter for people to read: `all records`, `no records`, or `team = "Sales West"`. Never run as SQL. */
export function describeRows(rows: RowFilter): string {
  if (typeof rows === 'string') return `${rows === 'none' ? 'no' : rows} records`
  if (/^\w+ IS NOT NULL$/.test(rows.sql)) return 'all records'
  const parameters = [...rows.parameters]
  return rows.sql
    .replace(presence, '')
    .replace(/\?|\$\d+/g, () => JSON.stringify(parameters.shift()))
    .replace(/\(\((\w+ [^()]*)\)\)/g, '($1)')
    .replace(/^\(((?:NOT )?\(?[^()]*\)?)\)$/, '$1')
    .replace(/\b(NOT|AND|OR)\b/g, (word) => word.toLowerCase())
}
