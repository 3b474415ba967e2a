import { cpus } from 'node:os'
import { serveKeySet } from '@mcp-identity/test-kit'
import { compare, row } from './compare.ts'
import { revisions, startContestant } from './contestant.ts'
import { runClosedLoop } from './load.ts'
import { readRounds } from './rounds.ts'
import { stages } from './stages.ts'

/**
 * What each stage of the whole server adds to a call: processor time of servers that do one thing more each, in one run,
 * closed loop, 32 connections. `adds` compares least rounds.
 *
 * `node bench/stage-costs.ts [rounds] [requests] [revision]`
 */
const usage = `Usage: pnpm --filter mcp-server bench:stages [rounds] [requests] [${revisions.join(' | ')}]

What each stage of the server adds to a call. Default: 7 rounds of 4000 requests, ${revisions[0]}.`
const { rounds, requests, others } = readRounds(usage)
const revision = revisions.find((each) => each === (others[0] ?? revisions[0]))
if (revision === undefined) {
  console.log(usage)
  process.exit(2)
}

const keySet = await serveKeySet({ issuerPath: '/realms/company' })
const contestants = await Promise.all(stages.map((stage) => startContestant(stage, revision, keySet, requests)))
console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}, ${rounds} rounds of ${requests} requests`)
for (const { name, does } of stages) console.log(`${name.padEnd(30)} ${does}`)
const costs = await compare(contestants, runClosedLoop, rounds)
console.log(`\n${row(revision, '', 'us/request', 'min', 'x bare', 'x bare min', 'adds us')}`)
const [bare] = costs.values()
let before = 0
for (const [{ variant }, { us, leastUs }] of costs) {
  const ratios = [us / (bare?.us ?? Number.NaN), leastUs / (bare?.leastUs ?? Number.NaN)]
  const adds = (leastUs - before).toFixed(1)
  console.log(
    row(variant.name, '', us.toFixed(1), leastUs.toFixed(1), ...ratios.map((ratio) => ratio.toFixed(2)), adds),
  )
  before = leastUs
}
for (const { stop } of contestants) await stop()
await keySet.close()
