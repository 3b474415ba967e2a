import { cpus } from 'node:os'
import { serveKeySet } from '@mcp-identity/test-kit'
import { ask, type Contestant, mintFor, type Revision, settingFor, startContestant } from './contestant.ts'
import { measureKnownToken } from './known-token.ts'
import { type Load, runClosedLoop, runOpenLoop } from './load.ts'
import { type Variant, variants } from './variants.ts'

/**
 * Processor time of a server for one authorized `tools/call`, as a multiple of a bare node:http echo, all in one run:
 * the variants take turns, so that what else the machine does falls on all of them; the least round is the least
 * disturbed one, because other work only ever adds. Last, what a known token adds to a
 * call, in process.
 *
 * `node bench/run.ts [rounds] [requests]`
 */
const rounds = Number(process.argv[2] ?? 7)
const requests = Number(process.argv[3] ?? 4000)
const openLoopPerSecond = 500

type Loop = (load: Load) => Promise<readonly number[]>

const loops: Readonly<Record<string, Loop>> = {
  'closed loop, 32 connections': (load) => runClosedLoop(load),
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
for (const [title, loop] of Object.entries(loops)) await compare(title, loop)
for (const { child } of contestants) child.disconnect()
const known = await measureKnownToken(settingFor(keySet, 'http://127.0.0.1/mcp'), (resource) =>
  mintFor(keySet, resource),
)
console.log(`\na known token and the scope of a tool, in process: ${known.toFixed(2)} us a call`)
await keySet.close()

function revisionsOf({ isBare }: Variant): Revision[] {
  return isBare === true ? ['2026-07-28'] : ['2026-07-28', '2025-11-25']
}

async function compare(title: string, loop: Loop): Promise<void> {
  const samples = new Map<Contestant, { us: number; p50: number; p99: number }[]>(contestants.map((each) => [each, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const contestant of contestants) samples.get(contestant)?.push(await measure(contestant, loop))
  }
  const [bare] = contestants
  const bareUs = bare === undefined ? [] : (samples.get(bare) ?? []).map(({ us }) => us)
  console.log(`\n${title}\n${row('', '', 'us/request', 'x bare', 'min', 'x bare min', 'p50 ms', 'p99 ms')}`)
  for (const [{ variant, revision }, taken] of samples) {
    const us = taken.map((sample) => sample.us)
    const [usual, least] = [median(us), Math.min(...us)]
    const latencies = [median(taken.map(({ p50 }) => p50)), median(taken.map(({ p99 }) => p99))]
    const written = [
      usual.toFixed(0),
      (usual / median(bareUs)).toFixed(2),
      least.toFixed(0),
      (least / Math.min(...bareUs)).toFixed(2),
      ...latencies.map((ms) => ms.toFixed(2)),
    ]
    console.log(row(variant.name, variant.isBare === true ? '' : revision, ...written))
  }
}

async function measure(contestant: Contestant, loop: Loop): Promise<{ us: number; p50: number; p99: number }> {
  const before = await cpuOf(contestant)
  const latencies = [...(await loop(contestant.load))].sort((one, other) => one - other)
  const us = ((await cpuOf(contestant)) - before) / latencies.length
  const at = (part: number): number => latencies[Math.floor(latencies.length * part)] ?? Number.NaN
  return { us, p50: at(0.5), p99: at(0.99) }
}

async function cpuOf(contestant: Contestant): Promise<number> {
  const { cpu } = await ask<{ cpu: NodeJS.CpuUsage }>(contestant, 'cpu')
  return cpu.user + cpu.system
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}

function row(name: string, revision: string, ...figures: readonly string[]): string {
  return `${name.padEnd(30)} ${revision.padEnd(11)} ${figures.map((figure) => figure.padStart(10)).join(' ')}`
}
