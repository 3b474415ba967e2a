import { type ChildProcess, fork } from 'node:child_process'
import { type AddressInfo, createServer } from 'node:net'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { mintAccessToken, serveKeySet } from '@mcp-identity/test-kit'
import { measureKnownToken } from './known-token.ts'
import { type Load, runClosedLoop, runOpenLoop } from './load.ts'
import { type Setting, type Variant, variants } from './variants.ts'

/**
 * Processor time of a server for one authorized `tools/call`, as a multiple of a bare node:http echo, all in one run:
 * the variants take turns, so that what else the machine does falls on all of them. Last, what a known token adds to a
 * call, in process.
 *
 * `node bench/run.ts [rounds] [requests]`
 */
const rounds = Number(process.argv[2] ?? 7)
const requests = Number(process.argv[3] ?? 4000)
const openLoopPerSecond = 500
/** Until the compiler has nothing left to do: a server runs for days. */
const warmUpRequests = 15_000

type Revision = '2025-11-25' | '2026-07-28'
type Loop = (load: Load) => Promise<readonly number[]>

const loops: Readonly<Record<string, Loop>> = {
  'closed loop, 32 connections': (load) => runClosedLoop(load),
  [`open loop, ${openLoopPerSecond} a second`]: (load) =>
    runOpenLoop({ ...load, requests: Math.ceil(load.requests / 4) }, openLoopPerSecond),
}

interface Contestant {
  readonly variant: Variant
  readonly revision: Revision
  readonly child: ChildProcess
  readonly load: Load
}

const keySet = await serveKeySet({ issuerPath: '/realms/company' })
const contestants = await Promise.all(
  variants
    .flatMap((variant) => revisionsOf(variant).map((revision) => ({ variant, revision })))
    .map(({ variant, revision }) => start(variant, revision)),
)
console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}, ${rounds} rounds of ${requests} requests`)
for (const { name, does } of variants) console.log(`${name.padEnd(30)} ${does}`)
for (const [title, loop] of Object.entries(loops)) await compare(title, loop)
for (const { child } of contestants) child.disconnect()
const known = await measureKnownToken(settingFor('http://127.0.0.1/mcp'), (resource) => mintFor(resource))
console.log(`\na known token and the scope of a tool, in process: ${known.toFixed(2)} us a call`)
await keySet.close()

function revisionsOf({ isBare }: Variant): Revision[] {
  return isBare === true ? ['2026-07-28'] : ['2026-07-28', '2025-11-25']
}

function settingFor(resource: string): Setting {
  return { resource, issuer: keySet.issuer, jwksUri: keySet.jwksUri }
}

async function start(variant: Variant, revision: Revision): Promise<Contestant> {
  const port = await freePort()
  const resource = `http://127.0.0.1:${port}/mcp`
  const server = fileURLToPath(new URL('./variants.ts', import.meta.url))
  const child = fork(server, ['serve', variant.name, JSON.stringify(settingFor(resource))], {
    execArgv: ['--no-warnings'],
  })
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', () => reject(new Error(`${variant.name} did not start`)))
  })
  const load = { port, request: requestFor(resource, revision), connections: 32, requests }
  await runClosedLoop({ ...load, requests: warmUpRequests })
  return { variant, revision, child, load }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function mintFor(resource: string): string {
  const claims = { scope: 'read:customers' }
  const now = Math.floor(Date.now() / 1000)
  const { issuer } = keySet
  return mintAccessToken({ provider: 'keycloak', issuer, audience: resource, now, claims, lifetimeSeconds: 3600 })
}

function requestFor(resource: string, revision: Revision): Buffer {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const isStateless = revision === '2026-07-28'
  const params = { name: 'echo', arguments: { text: 'hello' }, ...(isStateless ? { _meta } : {}) }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  const headers = [
    'POST /mcp HTTP/1.1',
    `Host: ${new URL(resource).host}`,
    `Authorization: Bearer ${mintFor(resource)}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    `MCP-Protocol-Version: ${revision}`,
    ...(isStateless ? ['Mcp-Method: tools/call', 'Mcp-Name: echo'] : []),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${headers.join('\r\n')}\r\n\r\n${body}`)
}

async function compare(title: string, loop: Loop): Promise<void> {
  const samples = new Map<Contestant, { us: number; p50: number; p99: number }[]>(contestants.map((each) => [each, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const contestant of contestants) samples.get(contestant)?.push(await measure(contestant, loop))
  }
  const [bare] = contestants
  const ofBare = bare === undefined ? Number.NaN : median((samples.get(bare) ?? []).map(({ us }) => us))
  console.log(`\n${title}\n${row('', '', 'us/request', 'min', 'x bare', 'p50 ms', 'p99 ms')}`)
  for (const [{ variant, revision }, taken] of samples) {
    const us = taken.map((sample) => sample.us)
    const figures = [median(us), Math.min(...us), median(us) / ofBare]
    const latencies = [median(taken.map(({ p50 }) => p50)), median(taken.map(({ p99 }) => p99))]
    const written = [
      figures[0]?.toFixed(0),
      figures[1]?.toFixed(0),
      figures[2]?.toFixed(2),
      ...latencies.map((ms) => ms.toFixed(2)),
    ]
    console.log(row(variant.name, variant.isBare === true ? '' : revision, ...written.map(String)))
  }
}

async function measure({ child, load }: Contestant, loop: Loop): Promise<{ us: number; p50: number; p99: number }> {
  const before = await cpuOf(child)
  const latencies = [...(await loop(load))].sort((one, other) => one - other)
  const us = ((await cpuOf(child)) - before) / latencies.length
  const at = (part: number): number => latencies[Math.floor(latencies.length * part)] ?? Number.NaN
  return { us, p50: at(0.5), p99: at(0.99) }
}

function cpuOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('message', (message: { cpu: NodeJS.CpuUsage }) => resolve(message.cpu.user + message.cpu.system))
    child.send('cpu')
  })
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}

function row(name: string, revision: string, ...figures: readonly string[]): string {
  return `${name.padEnd(30)} ${revision.padEnd(11)} ${figures.map((figure) => figure.padStart(10)).join(' ')}`
}
