import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { queryAuditLog } from '../audit-log.ts'
import { type ExportFormat, exportFormats } from '../export/formats.ts'
import { pagesOfRecords } from '../pages-of-records.ts'
import { openPersonalDataVault } from '../personal-data.ts'

const help = `Usage: pnpm audit:export LOG [--format lines|ocsf|cef|otlp] [--after SEQUENCE] [--personal-data VAULT]

Writes an audit log to standard output: the records as JSON lines, OCSF events, CEF lines, or OTLP/JSON requests.

  LOG                    a SQLite database, a file of JSON lines, or postgres://user@host/database
  --format NAME          default: lines
  --after NUMBER         only records after this sequence
  --personal-data VAULT  the keys of encrypted personal data, by default audit-personal-data.db in the server's data
                         folder; without it personal data stays encrypted
  --help                 show this

Exit status: 0 done, 2 the log could not be read or the command is wrong.`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== '--'),
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      format: { type: 'string', default: 'lines' },
      after: { type: 'string', default: '0' },
      'personal-data': { type: 'string' },
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
  const vaultFile = values['personal-data']
  if (vaultFile !== undefined && !existsSync(vaultFile)) throw new Error(`there is no vault at ${vaultFile}`)
  const vault = vaultFile === undefined ? undefined : openPersonalDataVault(vaultFile)
  const { body } = exportFormats[values.format as ExportFormat]
  const pages = pagesOfRecords((query) => queryAuditLog(path, query, vault), { afterSequence: Number(values.after) })
  for await (const records of pages) process.stdout.write(body(records))
}

try {
  await main()
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
  process.exitCode = 2
}
