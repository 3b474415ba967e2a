import { parseArgs } from 'node:util'

/** How long a benchmark of this folder runs. */
export interface Rounds {
  /** Of each contestant, in turns. Default 7. */
  rounds: number
  /** In each round. Default 4,000. */
  requests: number
  /** What was said beyond them. */
  others: string[]
}

/** Reads `[rounds] [requests]` from the command line. Prints `usage` and ends for `--help`, and for what is no number. */
export function readRounds(usage: string): Rounds {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    strict: false,
    options: { help: { type: 'boolean', short: 'h' } },
  })
  const [rounds = '7', requests = '4000', ...others] = positionals
  const areNumbers = [rounds, requests].every((value) => /^[1-9]\d{0,5}$/.test(value))
  const isKnown = Object.keys(values).every((name) => name === 'help')
  if (values.help !== true && areNumbers && isKnown)
    return { rounds: Number(rounds), requests: Number(requests), others }
  console.log(usage)
  process.exit(values.help === true ? 0 : 2)
}
