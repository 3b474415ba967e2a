import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkVerifierKey } from '../signed-note.ts'
import { type AuditVerification, verifyAuditLog } from '../verify-audit-log.ts'

const help = `Usage: pnpm audit:verify LOG [--key KEY] [--checkpoint FILE]...

Checks every record of an audit log: its bytes, its place in the chain, that nothing was cut off, and that the log
leads to what signed checkpoints state.

  LOG                a file (audit.db, audit.jsonl), or postgres://user@host/database

  --key KEY          public key of the log (name+hash+key), or a file that holds it, from a place you trust.
                     Default: the key beside the log
  --checkpoint FILE  a signed checkpoint that was kept elsewhere; may be given several times
  --json             print the result as JSON
  --help             show this

Exit status: 0 the log is intact, 1 it is not, 2 it could not be read or the command is wrong.`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== '--'),
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      json: { type: 'boolean' },
      key: { type: 'string' },
      checkpoint: { type: 'string', multiple: true },
    },
  })
  if (values.help === true) {
    console.log(help)
    return 0
  }
  const [path] = positionals
  if (path === undefined || positionals.length > 1) throw new Error('name one audit log')
  if (existsSync(path) && statSync(path).isDirectory())
    throw new Error(`${path} is a folder; name the audit log in it, such as ${join(path, 'audit.db')}`)
  const checkpoints = (values.checkpoint ?? []).map(readText)
  const key = values.key === undefined ? {} : { verifierKey: readKey(values.key) }
  const result = await verifyAuditLog(path, { ...key, checkpoints })
  console.log(values.json === true ? JSON.stringify(result) : `${path}: ${inText(result)}`)
  return result.intact ? 0 : 1
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
