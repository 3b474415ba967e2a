import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { queryAuditLog } from '../audit-log.ts'
import { type ExportFormat, exportFormats } from '../export/formats.ts'
import { exportLogs, type LogSource } from '../export/log-export.ts'
import { mergeByTime } from '../merge-by-time.ts'
import { describeStore, storeKind } from '../open-store.ts'
import { pagesOfRecords } from '../pages-of-records.ts'
import { openPersonalDataVault, type PersonalDataVault } from '../personal-data.ts'
import { defaultTileFolder } from '../tile-folder.ts'
import { givenArguments, runCommand } from './run-command.ts'

const help = `Usage: pnpm audit:export LOG... [--format lines|ocsf|cef|otlp] [--after SEQUENCE]
       [--tiles FOLDER] [--personal-data VAULT]...

Writes an audit log to standard output: the records as JSON lines, OCSF events, CEF lines, or OTLP/JSON requests. Several
logs, such as those of replicas, are written as one history in the order of time. Lines name the log of each record and
end with what is signed of each log, so that pnpm audit:verify verifies all of them in the one file.

  LOG                    a SQLite database, a file of JSON lines, or postgres://user@host/database
  --format NAME          default: lines
  --after NUMBER         only records after this sequence; such lines cannot be verified
  --tiles FOLDER         folder with the newest checkpoint and the key. Default: LOG.tiles; for a log in PostgreSQL none
  --personal-data VAULT  the keys of encrypted personal data, by default audit-personal-data.db in the server's data
                         folder; without it personal data stays encrypted. Of several logs, each one's
  --help                 show this

Exit code: 0 done, 2 the log could not be read or the command is wrong.`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    args: givenArguments(),
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      format: { type: 'string', default: 'lines' },
      after: { type: 'string', default: '0' },
      tiles: { type: 'string' },
      'personal-data': { type: 'string', multiple: true, default: [] },
    },
  })
  if (values.help === true) {
    console.log(help)
    return
  }
  if (positionals.length === 0) throw new Error('name an audit log')
  if (!Object.hasOwn(exportFormats, values.format)) throw new Error(`there is no format ${values.format}`)
  if (!/^\d{1,15}$/.test(values.after)) throw new Error(`not a sequence: ${values.after}`)
  if (positionals.length > 1 && (values.after !== '0' || values.tiles !== undefined))
    throw new Error('--after and --tiles are about one log; name one')
  const vaults = values['personal-data'].map(openVault)
  const open: PersonalDataVault['open'] = (event) => vaults.reduce((opened, vault) => vault.open(opened), event)
  const afterSequence = Number(values.after)
  const sources = positionals.map((path): LogSource => {
    const tileFolder = values.tiles ?? (storeKind(path) === 'postgres' ? undefined : defaultTileFolder(path))
    const pages = pagesOfRecords((query) => queryAuditLog(path, query, { open }), { afterSequence })
    return { name: describeStore(path), pages, afterSequence, ...(tileFolder !== undefined && { tileFolder }) }
  })
  for await (const text of inFormat(values.format as ExportFormat, sources)) process.stdout.write(text)
}

async function* inFormat(format: ExportFormat, sources: readonly LogSource[]): AsyncGenerator<string> {
  if (format === 'lines') yield* exportLogs(sources)
  else
    for await (const records of mergeByTime(sources.map(({ pages }) => pages)))
      yield exportFormats[format].body(records)
}

function openVault(file: string): PersonalDataVault {
  if (!existsSync(file)) throw new Error(`there is no vault at ${file}`)
  return openPersonalDataVault(file)
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that leaves early, as in `pnpm audit:export … | head`, has what it wanted.
  if (error.code === 'EPIPE') process.exit()
  console.error(`the export cannot be written: ${error.message}`)
  process.exit(2)
})
await runCommand('pnpm audit:export', main)
