import type { RowFilter } from '../row-filter.ts'

/** A row filter for people to read: `all records`, `no records`, or `team = "Sales West"`. Never run as SQL. */
export function describeRows(rows: RowFilter): string {
  if (typeof rows === 'string') return `${rows === 'none' ? 'no' : rows} records`
  const parameters = [...rows.parameters]
  return rows.sql
    .replace(/ AND \(\w+ IS NOT NULL\)/g, '')
    .replace(/\?|\$\d+/g, () => JSON.stringify(parameters.shift()))
    .replace(/^\(([^()]*)\)$/, '$1')
}
