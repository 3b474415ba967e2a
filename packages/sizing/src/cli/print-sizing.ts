import { parseArgs } from 'node:util'
import { sizingTable } from '../table.ts'

const help = `Usage: pnpm sizing [PEOPLE CALLS]

How many of everything a company needs at its busiest, by arithmetic on what was measured (docs/sizing.md).

  PEOPLE   of the company
  CALLS    a second, of all of them; without both: the table of companies from small to large
  --help   show this

Exit code: 0 done, 2 the command is wrong.`

try {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== '--'),
    allowPositionals: true,
    options: { help: { type: 'boolean' } },
  })
  console.log(values.help === true ? help : sizingTable(companiesOf(positionals)))
} catch (error) {
  console.error(`${(error as Error).message.split('. To specify a positional')[0]}\nSee pnpm sizing --help.`)
  process.exitCode = 2
}

/** Undefined: those of the table. */
function companiesOf(given: readonly string[]): Parameters<typeof sizingTable>[0] {
  if (given.length === 0) return undefined
  const [people, callsPerSecond] = given.map(Number)
  if (people === undefined || callsPerSecond === undefined || given.length > 2)
    throw new RangeError('say how many people, and how many calls a second, such as pnpm sizing 5000 500')
  return [{ people, callsPerSecond }]
}
