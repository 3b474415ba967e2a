import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { storeKind } from '../open-store.ts'
import { checkVerifierKey } from '../signed-note.ts'
import { defaultTileFolder, tileFolderFiles } from '../tile-folder.ts'
import { type AuditVerification, verifyAuditLog } from '../verify-audit-log.ts'

const help = `Usage: pnpm audit:verify LOG [--tiles FOLDER] [--key KEY] [--checkpoint FILE]...
       pnpm audit:verify LOG LOG...

Checks every record of an audit log: its bytes, its place in the chain, that nothing was cut off, and that the log
leads to what signed checkpoints state. Of several logs, such as those of replicas, each by what lies beside it.

  LOG                a file (audit.db, audit.jsonl), or postgres://user@host/database

  --tiles FOLDER     folder with the newest checkpoint, the tiles and the key. Default: LOG.tiles; for a log in
                     PostgreSQL none, so name it: the MCP server keeps it in audit.tiles of its data folder
  --key KEY          public key of the log (name+hash+key), or a file that holds it, from a place you trust.
                     Default: the key in the folder of the tiles
  --checkpoint FILE  a signed checkpoint that was kept elsewhere; may be given several times
  --json             print the result as JSON
  --help             show this

Exit status: 0 every log is intact, 1 one is not, 2 one could not be read or the command is wrong.`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== '--'),
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      json: { type: 'boolean' },
      tiles: { type: 'string' },
      key: { type: 'string' },
      checkpoint: { type: 'string', multiple: true },
    },
  })
  if (values.help === true) {
    console.log(help)
    return 0
  }
  if (positionals.length === 0) throw new Error('name an audit log')
  if (positionals.length > 1 && (values.tiles ?? values.key ?? values.checkpoint) !== undefined)
    throw new Error('--tiles, --key and --checkpoint are about one log; name one')
  positionals.forEach(checkPlace)
  const tiles = values.tiles === undefined ? {} : { tileFolder: checkedTiles(values.tiles) }
  const checkpoints = (values.checkpoint ?? []).map(readText)
  const key = values.key === undefined ? {} : { verifierKey: readKey(values.key) }
  const results: { log: string; result: AuditVerification }[] = []
  for (const log of positionals)
    results.push({ log, result: await verifyAuditLog(log, { ...key, ...tiles, checkpoints }) })
  if (values.json === true) {
    const [one] = results
    console.log(
      JSON.stringify(results.length === 1 ? one?.result : results.map(({ log, result }) => ({ log, ...result }))),
    )
  } else for (const { log, result } of results) console.log(`${log}: ${inText(result)}${hint(log, result)}`)
  return results.every(({ result }) => result.intact) ? 0 : 1
}

function checkPlace(path: string): void {
  if (existsSync(path) && statSync(path).isDirectory())
    throw new Error(`${path} is a folder; name the audit log in it, such as ${join(path, 'audit.db')}`)
  if (isEmptyAndAlone(path)) throw new Error(`${path} is empty: no audit log was ever written to it`)
}

/** A log that was opened has its head or its tables; what is cut to nothing still has those beside it. */
function isEmptyAndAlone(path: string): boolean {
  const beside = [`${path}.head`, `${path}-wal`, defaultTileFolder(path)]
  return storeKind(path) !== 'postgres' && existsSync(path) && statSync(path).size === 0 && !beside.some(existsSync)
}

function checkedTiles(folder: string): string {
  const { checkpoint } = tileFolderFiles(folder)
  if (!existsSync(checkpoint)) throw new Error(`there is no checkpoint in ${folder}; name the folder of the tiles`)
  return folder
}

const lineStart = '{"hash":"'

/** Says so where a file is something else altogether. */
function hint(path: string, result: AuditVerification): string {
  if (result.intact || result.firstBadSequence > 1 || storeKind(path) !== 'lines') return ''
  const bytes = Buffer.alloc(lineStart.length)
  const file = openSync(path, 'r')
  const read = readSync(file, bytes, 0, bytes.length, 0)
  closeSync(file)
  if (read === 0 || bytes.toString('latin1', 0, read) === lineStart.slice(0, read)) return ''
  return '. The file begins neither like a SQLite database nor like lines of an audit log: is it the right one?'
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error })
  }
}

/** A key that is none says nothing about the log: the command is wrong. */
function readKey(keyOrFile: string): string {
  const key = existsSync(keyOrFile) ? readText(keyOrFile) : keyOrFile
  checkVerifierKey(key)
  return key
}

function inText(result: AuditVerification): string {
  if (result.intact) {
    const size = result.checkpointSize
    const signed = size === undefined ? 'no checkpoint' : `${size} of them under a signed checkpoint`
    return `intact, ${result.records} records (${signed}), head ${result.head}`
  }
  const where = result.firstBadSequence === 0 ? '' : `Record ${result.firstBadSequence}: `
  return `NOT intact. ${where}${result.problem}`
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
  process.exitCode = 2
}
