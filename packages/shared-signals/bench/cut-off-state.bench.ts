import { createCutOffState } from '../src/cut-off-state.ts'

const usage = `Usage: pnpm --filter @mcp-identity/shared-signals bench [--json]

What a million cut-offs cost: memory, and time of a look-up, which asks for person, session, token, client and issuer.`
const asked = process.argv.slice(2).find((argument) => argument !== '--json')
if (asked !== undefined) {
  console.log(usage)
  process.exit(asked === '--help' ? 0 : 2)
}

const entries = 1_000_000
const lookUps = 1_000_000
const rounds = 7
const now = 1_795_452_957
const issuer = 'https://sso.company.com/realms/company'

const uuid = (number: number): string => `2d03d082-2de0-4e4f-9dbe-${number.toString(16).padStart(12, '0')}`
const state = createCutOffState({ clock: () => now, retentionSeconds: 3_660 })

const startedAt = performance.now()
for (let i = 0; i < entries; i++) state.cutOff({ issuer, subject: uuid(i), notBefore: now, cause: 'account_disabled' })
const insertMicroseconds = ((performance.now() - startedAt) * 1_000) / entries

const tokens = (offset: number) =>
  Array.from({ length: 4_096 }, (_, i) => ({
    issuer,
    subject: uuid(offset + i * 97),
    sessionId: `session-${i}`,
    tokenId: `token-${i}`,
    clientId: 'mcp-cli',
    issuedAt: now,
  }))

function measure(facts: ReturnType<typeof tokens>): number {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now()
    let refused = 0
    for (let i = 0; i < lookUps; i++) if (state.reasonRefused(facts[i & 4_095] as (typeof facts)[number])) refused++
    times.push(((performance.now() - begin) * 1_000) / lookUps)
    if (refused !== 0 && refused !== lookUps) throw new Error('the tokens were meant to be all refused or all accepted')
  }
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)] as number
}

const result = {
  entries: state.size,
  megabytes: state.bytes / 1_000_000,
  insertMicroseconds,
  lookUpRefusedMicroseconds: measure(tokens(0)),
  lookUpAcceptedMicroseconds: measure(tokens(entries * 2)),
}
for (const kind of ['sessionId', 'tokenId', 'clientId'] as const) {
  state.cutOff({ issuer, [kind]: 'one', notBefore: now, cause: 'session_ended' })
}
const withAllKinds = { ...result, lookUpAcceptedAllKindsMicroseconds: measure(tokens(entries * 2)) }
if (process.argv.includes('--json')) console.log(JSON.stringify(withAllKinds))
else
  for (const [name, value] of Object.entries(withAllKinds)) console.log(`${name}: ${Math.round(value * 1_000) / 1_000}`)
