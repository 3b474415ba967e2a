// Prints the table of docs/sizing.md, or the row of one company. Usage: pnpm sizing [people] [calls a second]
import { sizingTable } from '../table.ts'

const [people, callsPerSecond] = process.argv.slice(2).map(Number)
try {
  const isAsked = people !== undefined
  if (isAsked && callsPerSecond === undefined) throw new RangeError('say how many people, and how many calls a second')
  console.log(isAsked ? sizingTable([{ people, callsPerSecond: callsPerSecond as number }]) : sizingTable())
} catch (error) {
  process.stderr.write(`sizing: ${(error as Error).message}, such as pnpm sizing 5000 500\n`)
  process.exitCode = 1
}
