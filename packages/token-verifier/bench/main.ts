import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { measureDpopRequest } from './dpop-request.ts'
import { compareFullVerification } from './full-verification.ts'
import { measureKeySets } from './key-sets.ts'
import { measureMemory } from './memory.ts'
import { openRealm, type Realm } from './realm.ts'
import { measureRefusals } from './refusals.ts'
import { measureRepeatedToken } from './repeated-token.ts'
import { headingOf, type Report, reportOf, type Section, tableOf } from './report.ts'
import { compareThroughput } from './throughput.ts'

const help = `Usage: pnpm --filter @mcp-identity/token-verifier bench [options]

Measures the token verifier, next to others and to the bare signature check.

  --rounds N     rounds of each comparison; more rounds, less noise (default 15)
  --only NAME    one part only: ${['full', 'repeated', 'dpop', 'refusals', 'key-sets', 'throughput', 'memory'].join(', ')}; may be given more than once
  --tokens N     different tokens of the memory part (default 50000)
  --node PATH    run it again with this Node, of any version from 22 on
  --json FILE    also write the figures to a file: a list with one report for each Node
  --check        exit 1 if a bound is missed
  --help         show this
`

const values = readOptions()

function readOptions() {
  try {
    return parseArgs({
      options: {
        rounds: { type: 'string', default: '15' },
        only: { type: 'string', multiple: true },
        tokens: { type: 'string', default: '50000' },
        node: { type: 'string' },
        json: { type: 'string' },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${help}`)
    process.exit(2)
  }
}

type Part = (realm: Realm, rounds: number) => Promise<Section>

const parts: Readonly<Record<string, readonly Part[]>> = {
  full: (['RS256', 'ES256', 'EdDSA'] as const).map(
    (algorithm) => (realm, rounds) => compareFullVerification(realm, algorithm, rounds),
  ),
  repeated: [measureRepeatedToken],
  dpop: [measureDpopRequest],
  refusals: [measureRefusals],
  'key-sets': [(_realm, rounds) => measureKeySets(rounds)],
  throughput: [compareThroughput],
  memory: [(realm) => measureMemory(realm, positive('tokens', values.tokens))],
}

if (values.help) process.stdout.write(help)
else process.exitCode = await run()

/** Runs it with this Node and, if there is one, with the other. */
async function run(): Promise<number> {
  const reports = [await runParts(positive('rounds', values.rounds))]
  if (values.node !== undefined) reports.push(...runWith(values.node))
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, null, 2)}\n`)
  const figures = reports.flatMap(({ sections }) => sections).flatMap((section) => section.figures)
  return values.check && figures.some(({ value, atMost }) => atMost !== undefined && value > atMost) ? 1 : 0
}

/** Runs the chosen parts one after another and prints each as it comes. */
async function runParts(rounds: number): Promise<Report> {
  const chosen = (values.only ?? Object.keys(parts)).flatMap(partsNamed)
  const realm = await openRealm()
  console.log(headingOf(reportOf([], rounds)))
  const sections: Section[] = []
  for (const part of chosen) {
    const section = await part(realm, rounds)
    sections.push(section)
    console.log(tableOf(section))
  }
  await realm.keySet.close()
  return reportOf(sections, rounds)
}

/** Runs the same parts with another Node, and reads what it found. */
function runWith(node: string): readonly Report[] {
  const file = join(mkdtempSync(join(tmpdir(), 'bench-')), 'report.json')
  const { rounds, tokens, only = [] } = values
  const options = ['--rounds', rounds, '--tokens', tokens, '--json', file, ...only.flatMap((name) => ['--only', name])]
  const { status } = spawnSync(node, [fileURLToPath(import.meta.url), ...options], { stdio: 'inherit' })
  if (status !== 0) fail(`${node} ended with ${status}`)
  return JSON.parse(readFileSync(file, 'utf8')) as readonly Report[]
}

function partsNamed(name: string): readonly Part[] {
  return parts[name] ?? fail(`--only must be one of ${Object.keys(parts).join(', ')}, found ${name}`)
}

function positive(name: string, text: string): number {
  const number = Number(text)
  return Number.isInteger(number) && number > 0
    ? number
    : fail(`--${name} must be a whole number above 0, found ${text}`)
}

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}
