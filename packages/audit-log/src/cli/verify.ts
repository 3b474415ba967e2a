import { parseArgs } from 'node:util'
import { verifyAuditLog } from '../verify-audit-log.ts'

const help = `Usage: verify FILE

Checks every record of an audit log: its bytes, its place in the chain, and that nothing was cut off.

  --json  print the result as JSON
  --help  show this

Exit status: 0 the log is intact, 1 it is not, 2 it could not be read or the command is wrong.`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean' }, json: { type: 'boolean' } },
  })
  if (values.help === true) {
    console.log(help)
    return 0
  }
  const [path] = positionals
  if (path === undefined || positionals.length > 1) throw new Error('name one audit log')
  const result = await verifyAuditLog(path)
  if (values.json === true) console.log(JSON.stringify(result))
  else if (result.intact) console.log(`${path}: intact, ${result.records} records, head ${result.head}`)
  else console.log(`${path}: NOT intact. Record ${result.firstBadSequence}: ${result.problem}`)
  return result.intact ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
  process.exitCode = 2
}
