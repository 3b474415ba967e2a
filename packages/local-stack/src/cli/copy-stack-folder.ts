import { parseArgs } from 'node:util'
import { copyStackFolder } from '../containers/copy-stack-folder.ts'

const usage = `Copies the folder of a stack in containers while the stack runs; infra/backup.sh uses it.

  node packages/local-stack/src/cli/copy-stack-folder.ts --from FOLDER --to FOLDER

  --from FOLDER   the stack's: secrets, settings and data; PostgreSQL and Redis are left out
  --to FOLDER     empty or absent
  --help          this text
`

try {
  const { values } = parseArgs({
    options: { from: { type: 'string' }, to: { type: 'string' }, help: { type: 'boolean' } },
  })
  if (values.help) process.stdout.write(usage)
  else if (!values.from || !values.to) throw new TypeError('--from and --to must be given')
  else copyStackFolder(values.from, values.to)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nSee copy-stack-folder.ts --help.\n`)
  process.exitCode = 2
}
