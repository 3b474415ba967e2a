import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeStore, storeKind } from '../open-store.ts'
import { checkVerifierKey } from '../signed-note.ts'
import { defaultTileFolder, tileFolderFiles } from '../tile-folder.ts'
import { type AuditVerification, verifyAuditLog } from '../verify-audit-log.ts'
import { type ExportedLogVerification, type ExportVerification, verifyExport } from '../verify-export.ts'
import { givenArguments, runCommand } from './run-command.ts'

const help = `Usage: pnpm audit:verify LOG [--tiles FOLDER] [--key KEY] [--checkpoint FILE]...
       pnpm audit:verify EXPORT [--key KEY]... [--checkpoint FILE]...
       pnpm audit:verify LOG LOG...

Checks every record of an audit log: its bytes, its place in the chain, that nothing was cut off, and that the log
leads to what signed checkpoints state. Of several logs, such as those of replicas, each by what lies beside it; of
logs that were exported together, each by what the export states of it.

  LOG                a file (audit.db, audit.jsonl), or postgres://user@host/database
  EXPORT             a file that pnpm audit:export wrote, --format lines

  --tiles FOLDER     folder with the newest checkpoint, the tiles and the key. Default: LOG.tiles; for a log in
                     PostgreSQL none, so name it: the MCP server keeps it in audit.tiles of its data folder
  --key KEY          public key of the log (name+hash+key), or a file that holds it, from a place you trust.
                     Default: the key in the folder of the tiles, or in the export. Of an export, the keys of all
                     logs that must be in it
  --checkpoint FILE  a signed checkpoint that was kept elsewhere; may be given several times
  --json             print the result as JSON, for several files as a list
  --help             show this

Exit code: 0 every log is intact, 1 one is not, 2 one could not be read or the command is wrong.`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    args: givenArguments(),
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      json: { type: 'boolean' },
      tiles: { type: 'string' },
      key: { type: 'string', multiple: true },
      checkpoint: { type: 'string', multiple: true },
    },
  })
  if (values.help === true) {
    console.log(help)
    return
  }
  if (positionals.length === 0) throw new Error('name an audit log')
  if (positionals.length > 1 && (values.tiles ?? values.key ?? values.checkpoint) !== undefined)
    throw new Error('--tiles, --key and --checkpoint are about one log; name one')
  positionals.forEach(checkPlace)
  const { tiles } = values
  const checkpoints = (values.checkpoint ?? []).map(readText)
  const keys = values.key?.map(readKey)
  const results: { path: string; log: string; result: AuditVerification | ExportVerification }[] = []
  for (const path of positionals)
    results.push({ path, log: describeStore(path), result: await verify(path, { keys, tiles, checkpoints }) })
  if (values.json === true) {
    const [one] = results
    console.log(
      JSON.stringify(results.length === 1 ? one?.result : results.map(({ log, result }) => ({ log, ...result }))),
    )
  } else for (const { path, log, result } of results) console.log(linesOf(log, result, path).join('\n'))
  process.exitCode = results.every(({ result }) => result.intact) ? 0 : 1
}

function verify(
  path: string,
  { keys, tiles, checkpoints }: { keys: string[] | undefined; tiles: string | undefined; checkpoints: string[] },
): Promise<AuditVerification | ExportVerification> {
  if (isExport(path)) {
    if (tiles !== undefined) throw new Error('an export holds its checkpoints; leave --tiles out')
    return verifyExport(path, { ...(keys && { verifierKeys: keys }), checkpoints })
  }
  const [verifierKey, other] = keys ?? []
  if (other !== undefined) throw new Error('a log has one key; give --key once')
  return verifyAuditLog(path, {
    ...(verifierKey !== undefined && { verifierKey }),
    ...(tiles !== undefined && { tileFolder: checkedTiles(tiles) }),
    checkpoints,
  })
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
/** Exports begin with a record, or, of logs that are all empty, with what is stated at the end. */
const exportStart = /^\{"logs?":["[]/

const isExport = (path: string): boolean => exportStart.test(beginningOf(path, 9))

function beginningOf(path: string, length: number): string {
  if (storeKind(path) !== 'lines' || !existsSync(path)) return ''
  const bytes = Buffer.alloc(length)
  const file = openSync(path, 'r')
  const read = readSync(file, bytes, 0, bytes.length, 0)
  closeSync(file)
  return bytes.toString('latin1', 0, read)
}

/** Says so where a file is something else altogether. */
function hint(path: string, result: AuditVerification): string {
  if (result.intact || result.firstBadSequence > 1) return ''
  const beginning = beginningOf(path, lineStart.length)
  if (beginning === lineStart.slice(0, beginning.length)) return ''
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

function linesOf(name: string, result: AuditVerification | ExportVerification, path: string): string[] {
  if (!('logs' in result)) return [`${name}: ${inText(result)}${hint(path, result)}`]
  const ofLogs = result.logs.map((log) => `${name}, ${log.log}: ${inText(log)}${openedIn(log)}`)
  return [...ofLogs, ...result.problems.map((problem) => `${name}: NOT intact: ${problem}`)]
}

function inText(result: AuditVerification & { line?: number }): string {
  if (result.intact) {
    const size = result.checkpointSize
    const signed = size === undefined ? 'no checkpoint' : `${size} of them under a signed checkpoint`
    return `intact, ${result.records} records (${signed}), head ${result.head}`
  }
  const line = result.line === undefined ? '' : `Line ${result.line}: `
  const record = result.firstBadSequence === 0 ? '' : `Record ${result.firstBadSequence}: `
  return `NOT intact. ${line}${record}${result.problem}`
}

function openedIn({ opened }: ExportedLogVerification): string {
  return opened === 0 ? '' : `; the personal data shown in ${opened} records is under no hash`
}

await runCommand('pnpm audit:verify', main)
