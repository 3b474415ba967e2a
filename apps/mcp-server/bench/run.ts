import { cpus } from 'node:os'
import { serveKeySet } from '@mcp-identity/test-kit'
import { compare, type Loop, row } from './compare.ts'
import { audienceFor, mintFor, type Revision, startContestant } from './contestant.ts'
import { measureKnownToken } from './known-token.ts'
import { runClosedLoop, runOpenLoop } from './load.ts'
import { readRounds } from './rounds.ts'
import { type Variant, variants } from './variants.ts'

/**
 * Processor time of a server for one authorized `tools/call`, as a multiple of a bare node:http echo, all in one run.
 * Last, what a known token adds to a call, in process.
 *
 * `node bench/run.ts [rounds] [requests]`
 */
const { rounds, requests } = readRounds(`Usage: pnpm --filter mcp-server bench [rounds] [requests]

The server beside a bare HTTP echo and the SDK, closed and open loop, in both revisions. Default: 7 rounds of 4000 requests.`)
const openLoopPerSecond = 500

const loops: Readonly<Record<string, Loop>> = {
  'closed loop, 32 connections': runClosedLoop,
  [`open loop, ${openLoopPerSecond} a second`]: (load) =>
    runOpenLoop({ ...load, requests: Math.ceil(load.requests / 4) }, openLoopPerSecond),
}

const keySet = await serveKeySet({ issuerPath: '/realms/company' })
const contestants = await Promise.all(
  variants
    .flatMap((variant) => revisionsOf(variant).map((revision) => ({ variant, revision })))
    .map(({ variant, revision }) => startContestant(variant, revision, keySet, requests)),
)
console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}, ${rounds} rounds of ${requests} requests`)
for (const { name, does } of variants) console.log(`${name.padEnd(30)} ${does}`)
for (const [title, loop] of Object.entries(loops)) await print(title, loop)
for (const { stop } of contestants) await stop()
const known = await measureKnownToken(audienceFor(keySet, 'http://127.0.0.1/mcp'), (resource) =>
  mintFor(keySet, resource),
)
console.log(`\na known token and the scope of a tool, in process: ${known.toFixed(2)} us a call`)
await keySet.close()

function revisionsOf({ isBare }: Variant): Revision[] {
  return isBare === true ? ['2026-07-28'] : ['2026-07-28', '2025-11-25']
}

async function print(title: string, loop: Loop): Promise<void> {
  const costs = await compare(contestants, loop, rounds)
  const [bare] = costs.values()
  console.log(`\n${title}\n${row('', '', 'us/request', 'x bare', 'min', 'x bare min', 'p50 ms', 'p99 ms')}`)
  for (const [{ variant, revision }, { us, leastUs, p50, p99 }] of costs) {
    const ratios = [us / (bare?.us ?? Number.NaN), leastUs / (bare?.leastUs ?? Number.NaN)]
    const figures = [us.toFixed(0), ratios[0], leastUs.toFixed(0), ratios[1], p50, p99]
    const written = figures.map((figure) => (typeof figure === 'number' ? figure.toFixed(2) : String(figure)))
    console.log(row(variant.name, variant.isBare === true ? '' : revision, ...written))
  }
}
