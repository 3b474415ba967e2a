import { plainLine } from './csv.ts'

export interface PageTable {
  titles: string[]
  rows: string[][]
}

export interface PrintablePage {
  title: string
  facts: readonly (readonly [name: string, value: string])[]
  table: PageTable
}

/** A page that stands alone and prints well. It loads nothing and runs nothing, whatever names hold. */
export function toPrintablePage({ title, facts, table }: PrintablePage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<dl>${facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('')}</dl>
<table>
<thead><tr>${table.titles.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join('')}</tr></thead>
<tbody>
${table.rows.map((row) => `<tr>${row.map((text) => `<td>${escapeHtml(text)}</td>`).join('')}</tr>`).join('\n')}
</tbody>
</table>
</body>
</html>
`
}

const style = `
@page { size: A4 landscape; margin: 12mm }
body { font: 9pt/1.4 system-ui, sans-serif; color: #111; margin: 1rem }
h1 { font-size: 14pt }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem }
dt { font-weight: 600 } dd { margin: 0 }
table { border-collapse: collapse; width: 100%; margin-top: 1rem }
thead { display: table-header-group }
tr { break-inside: avoid }
th, td { border: 1px solid #999; padding: .2rem .3rem; text-align: left; vertical-align: top; overflow-wrap: anywhere }
`

const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeHtml(text: string): string {
  return plainLine(text).replace(/[&<>"']/g, (character) => named[character] ?? '')
}
