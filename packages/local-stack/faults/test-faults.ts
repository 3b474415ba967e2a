import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { Command, Option } from 'commander'
import colour from 'picocolors'
import { runCommand } from '../src/cli/run-command.ts'
import { stopSignals } from '../src/cli/stop-signals.ts'
import { wholeNumber } from '../src/cli/whole-number.ts'
import { mostReplicas } from '../src/ports.ts'
import { printProgress } from '../src/progress/print-progress.ts'
import { readSettings } from '../src/settings.ts'
import { openCompany } from './company.ts'
import { startFaultStack } from './fault-stack.ts'
import { historyChecks } from './history-checks.ts'
import { createRandom } from './random.ts'
import type { Measure, Scenario, ScenarioResult, World } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'

interface Flags {
  scenario: string[]
  replicas: number
  seed: number
  minutes: number
  callsPerSecond: number
  store: string
  short?: boolean
  json?: boolean
  history?: string
}

/** What a scenario showed. */
type Told = ScenarioResult & Pick<Scenario, 'name' | 'title'> & { tookMs: number }

const command = new Command('pnpm test:faults')
  .description(
    'Starts Keycloak, the corporate IdP, a Redis or Valkey and replicas of the MCP server, breaks one after the other, and holds what every call was answered against the rules of a revocation. Takes about 20 minutes. Exit code 1 when a rule was broken, 2 when it could not run.',
  )
  .addOption(
    new Option('--scenario <name...>', 'only these').choices(scenarios.map(({ name }) => name)).default([], 'all'),
  )
  .option('--replicas <number>', 'replicas of the MCP server', wholeNumber(2, mostReplicas), 3)
  .option('--seed <number>', 'repeats the choices of another run', wholeNumber(0, 2 ** 31 - 1), randomInt(2 ** 31))
  .option('--store <program>', 'what joins the replicas: a redis-server or a valkey-server', 'redis-server')
  .option('--minutes <number>', 'length of each random history', wholeNumber(1, 240), 5)
  .option('--calls-per-second <number>', 'over all replicas', wholeNumber(1, 1_000), 100)
  .option(
    '--short',
    'a quarter of a minute for each history, seconds for each fault; how fast this machine is is told, not judged',
  )
  .option('--history <file>', 'write what happened there, a JSON document a line')
  .option('--json', 'print one JSON document')
  .allowExcessArguments(false)
  .showHelpAfterError('See pnpm test:faults --help.')
  .action(run)

await runCommand(command)

function measureOf({ short = false, minutes, callsPerSecond }: Flags): Measure {
  const seconds = (long: number, quick: number): number => (short ? quick : long) * 1_000
  return {
    historyMs: seconds(minutes * 60, 15),
    callsPerSecond,
    storeAwayMs: seconds(60, 7),
    keycloakAwayMs: seconds(30, 8),
    kills: short ? 1 : 5,
    floodMs: seconds(20, 4),
    floodPerSecond: 500,
  }
}

async function run(flags: Flags): Promise<void> {
  const { signal } = stopSignals()
  const printer = printProgress(process.stderr)
  const random = createRandom(flags.seed)
  const settings = readSettings({ PORT_BASE: '9880', ...process.env })
  const stack = await startFaultStack({
    settings,
    replicas: flags.replicas,
    random: random.fork('relays'),
    store: flags.store,
    tell: printer.tell,
    signal,
  }).finally(() => printer.end())
  const results: Told[] = []
  const company = openCompany(stack, signal)
  try {
    const world: World = { stack, company, random, measure: measureOf(flags), signal }
    if (!flags.json) console.log(`Seed ${flags.seed}, ${flags.replicas} replicas, ${flags.store}`)
    for (const scenario of scenarios) {
      if (flags.scenario.length > 0 && !flags.scenario.includes(scenario.name)) continue
      const startedAt = performance.now()
      const result = await runToItsEnd(scenario, { ...world, random: random.fork(scenario.name) })
      const told: Told = {
        name: scenario.name,
        title: scenario.title,
        tookMs: Math.round(performance.now() - startedAt),
        ...result,
      }
      results.push(told)
      if (!flags.json) console.log(describeScenario(told))
      if (flags.history !== undefined) keepHistory(flags.history, scenario.name, world)
      signal.throwIfAborted()
    }
  } finally {
    await company.startOver()
    await stack.stop()
  }
  const holds = results.every(({ checks }) => checks.every((check) => check.holds || (flags.short && check.isTimed)))
  const machine = { node: process.version, loadAverage: loadavg().map((value) => Math.round(value * 10) / 10) }
  if (flags.json) {
    const { seed, replicas } = flags
    console.log(JSON.stringify({ seed, replicas, machine, holds, scenarios: results }, undefined, 2))
  } else {
    console.log(holds ? colour.green('\nEvery rule held.') : colour.red(`\nBroken. Repeat with --seed ${flags.seed}.`))
  }
  process.exitCode = holds ? 0 : 1
}

/** What went wrong on the way is a broken rule too, and the others are still tried. */
async function runToItsEnd(scenario: Scenario, world: World): Promise<ScenarioResult> {
  try {
    return await scenario.run(world)
  } catch (error) {
    world.signal.throwIfAborted()
    const seen = error instanceof Error ? error.message : String(error)
    const told = historyChecks(world.company.recorder.entries)
    return { checks: [{ rule: 'runs to its end', holds: false, seen }, ...told], figures: {} }
  }
}

function keepHistory(file: string, scenario: string, { company }: World): void {
  const lines = company.recorder.entries.map((entry) => `${JSON.stringify({ scenario, ...entry })}\n`)
  writeFileSync(file, lines.join(''), { flag: 'a', mode: 0o600 })
}

function describeScenario({ name, title, tookMs, checks, figures }: Told): string {
  return [
    `\n${colour.bold(name)}  ${title}  (${Math.round(tookMs / 1_000)} s)`,
    ...checks.map(({ rule, holds, seen }) => `  ${holds ? colour.green('✓') : colour.red('✗')} ${rule}: ${seen}`),
    ...Object.entries(figures).map(([figure, value]) => `    ${figure}: ${JSON.stringify(value)}`),
  ].join('\n')
}
