import { parseArgs } from 'node:util'
import { killUnderLoad } from './kill-rounds.ts'

const help = `Usage: pnpm --filter mcp-server test:kills [--kills NUMBER]

Kills the MCP server with SIGKILL while 64 callers call its tools without pause, and looks after each kill whether every
call that was answered is in the audit log and whether the log is intact.

  --kills NUMBER  how often, 1 to 10,000. Default 100
  --help          show this

Exit code: 0 nothing is missing and the log is intact after each kill, 1 otherwise, 2 the command is wrong.`

const kills = readKills()
if (kills === undefined) console.log(help)
else process.exitCode = await run(kills)

/** Undefined: help is wanted. */
function readKills(): number | undefined {
  try {
    const { values } = parseArgs({
      args: process.argv.slice(2).filter((argument) => argument !== '--'),
      options: { kills: { type: 'string', default: '100' }, help: { type: 'boolean' } },
    })
    if (values.help === true) return undefined
    const number = Number(values.kills)
    if (Number.isInteger(number) && number >= 1 && number <= 10_000) return number
    throw new RangeError('--kills must be a whole number from 1 to 10,000')
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`)
    process.exit(2)
  }
}

async function run(kills: number): Promise<number> {
  const rounds = await killUnderLoad({
    kills,
    // Past the server's slow start, at another moment of its work each time.
    answersOfRound: (round) => 2_000 + ((round * 487) % 2_000),
    onRound: ({ answered, callsPerSecond, missing, records, problem }, number) =>
      console.log(
        `${number}/${kills}: ${answered} answered at ${Math.round(callsPerSecond)}/s, ${missing.length} missing, ${records} records, ${problem ?? 'intact'}`,
      ),
  })
  const missing = rounds.reduce((sum, round) => sum + round.missing.length, 0)
  const answered = rounds.reduce((sum, round) => sum + round.answered, 0)
  const damaged = rounds.filter(({ problem }) => problem !== undefined).length
  const rates = rounds.map(({ callsPerSecond }) => callsPerSecond).sort((a, b) => a - b)
  console.log(
    `\n${kills} kills during ${Math.round(rates[Math.floor(rates.length / 2)] ?? 0)} audited calls a second (median): ${answered} calls answered, ${missing} missing, ${damaged} times the log was not intact`,
  )
  return missing + damaged === 0 ? 0 : 1
}
