import type { Profiler } from 'node:inspector'
import { serveKeySet } from '@mcp-identity/test-kit'
import { ask, startContestant } from './contestant.ts'
import { runClosedLoop } from './load.ts'
import { stages } from './stages.ts'
import type { ThreadProfile } from './thread-profiles.ts'
import { variants } from './variants.ts'

const servers = new Map([...variants, ...stages].map((each) => [each.name, each]))
const usage = `Usage: pnpm --filter mcp-server bench:profile [server] [requests]

Where one server spends its time once it is warm: processor time of each thread, then time by part of the code, and the
dearest functions. A profile counts waiting for the disk as time; the first table does not.

  server    ${[...servers.keys()].map((each) => `"${each}"`).join('\n            ')}
            Default: "whole server"
  requests  in each of two rounds. Default 8000`
const [name = 'whole server', requests = '8000'] = process.argv.slice(2)
const variant = servers.get(name)
if (variant === undefined || !/^[1-9]\d{0,5}$/.test(requests)) {
  console.log(usage)
  process.exit(name === '--help' ? 0 : 2)
}

/** The first that fits the file of a function, or of the nearest caller that has one. */
const parts: readonly [part: string, file: RegExp][] = [
  ['personal data', /personal-data\.ts/],
  ['audit log', /audit-log\/src|better-sqlite3/],
  ['policy', /packages\/policy/],
  ['gate and endpoint', /packages\/(mcp-authorization|token-verifier)|rate-limiter/],
  ['SDK and its schemas', /@modelcontextprotocol|\/zod\//],
  ['the rest of the server', /apps\/mcp-server\/src|packages\/|prom-client/],
  ['node:http and the loop', /^node:|^$/],
]

const keySet = await serveKeySet({ issuerPath: '/realms/company' })
const contestant = await startContestant(variant, '2026-07-28', keySet, Number(requests))
const before = await ask<Record<string, number>>(contestant, 'threads')
await runClosedLoop(contestant.load)
const after = await ask<Record<string, number>>(contestant, 'threads')
console.log(`${name}: microseconds of processor time a call, by thread`)
for (const [thread, us] of Object.entries(after)) print(us - (before[thread] ?? 0), thread)
await ask(contestant, 'profile')
await runClosedLoop(contestant.load)
for (const profile of await ask<ThreadProfile[]>(contestant, 'stop')) describe(profile)
await contestant.stop()
await keySet.close()

function describe({ thread, profile }: ThreadProfile): void {
  const byPart = new Map<string, number>()
  const byFunction = new Map<string, number>()
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const callers = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  )
  for (const [index, id] of (profile.samples ?? []).entries()) {
    const { callFrame } = nodes.get(id) as Profiler.ProfileNode
    if (/^\((idle|root)/.test(callFrame.functionName) || isProfiler(callFrame)) continue
    const us = profile.timeDeltas?.[index] ?? 0
    const written = `${callFrame.functionName || '(anonymous)'} ${callFrame.url.split('/').slice(-2).join('/')}`
    byFunction.set(written, (byFunction.get(written) ?? 0) + us)
    const part = partOf(id)
    byPart.set(part, (byPart.get(part) ?? 0) + us)
  }
  console.log(`\n${thread}: microseconds a call, by part`)
  for (const [part, us] of ranked(byPart)) print(us, part)
  console.log(`${thread}: by function`)
  for (const [written, us] of ranked(byFunction).slice(0, 25)) print(us, written)

  function partOf(id: number): string {
    const { functionName } = (nodes.get(id) as Profiler.ProfileNode).callFrame
    if (functionName === '(garbage collector)') return 'garbage collection'
    for (let at: number | undefined = id; at !== undefined; at = callers.get(at)) {
      const { url } = (nodes.get(at) as Profiler.ProfileNode).callFrame
      const found = parts.find(([, file]) => url !== '' && file.test(url))
      if (found !== undefined && !url.startsWith('node:internal/crypto') && !url.startsWith('node:buffer'))
        return found[0]
    }
    return 'node:http and the loop'
  }
}

function isProfiler({ url, functionName }: { url: string; functionName: string }): boolean {
  return url === 'node:inspector' && functionName === 'post'
}

function ranked(times: ReadonlyMap<string, number>): [string, number][] {
  return [...times].sort(([, one], [, other]) => other - one)
}

function print(us: number, what: string): void {
  const aCall = us / Number(requests)
  if (aCall >= 0.3) console.log(`${aCall.toFixed(1).padStart(8)}  ${what}`)
}
