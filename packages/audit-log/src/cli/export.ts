import { parseArgs } from 'node:util'
import { queryAuditLog } from '../audit-log.ts'
import { type ExportFormat, exportFormats } from '../export/formats.ts'

const help = `Usage: export LOG [--format lines|ocsf|cef|otlp] [--after SEQUENCE]

Writes an audit log to standard output: the records as JSON lines, OCSF events, CEF lines, or OTLP/JSON requests.

  --format NAME    default: lines
  --after NUMBER   only records after this sequence
  --help           show this`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== '--'),
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      format: { type: 'string', default: 'lines' },
      after: { type: 'string', default: '0' },
    },
  })
  if (values.help === true) {
    console.log(help)
    return
  }
  const [path] = positionals
  if (path === undefined || positionals.length > 1) throw new Error('name one audit log')
  if (!Object.hasOwn(exportFormats, values.format)) throw new Error(`there is no format ${values.format}`)
  if (!/^\d{1,15}$/.test(values.after)) throw new Error(`not a sequence: ${values.after}`)
  const { body } = exportFormats[values.format as ExportFormat]
  for (let after = Number(values.after); ; ) {
    const records = await queryAuditLog(path, { afterSequence: after, limit: 1000 })
    const last = records.at(-1)
    if (last === undefined) return
    process.stdout.write(body(records))
    after = last.sequence
  }
}

try {
  await main()
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
  process.exitCode = 2
}
