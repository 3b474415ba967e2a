import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { redisPrograms, startRedisServer } from '@mcp-identity/test-kit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createCutOffState } from '../src/cut-off-state.ts'
import { shareSignals } from '../src/redis/share-signals.ts'
import type { CutOff, CutOffCause, Signal, TokenFacts } from '../src/signal.ts'
import { openCutOffStore } from '../src/sqlite/cut-off-store.ts'

/** The rules that hold wherever cut-offs are kept: told at one place, asked at another. */
interface State {
  tell(signal: Signal): void | Promise<void>
  /** Resolves when what was told so far has arrived where is asked. */
  arrived(): void | Promise<void>
  reasonRefused(token: TokenFacts): CutOffCause | undefined
  permissionsChangedSince(token: TokenFacts, groups: readonly string[] | undefined): boolean
  close(): void | Promise<void>
}

const issuer = 'https://sso.company.com/realms/company'
const retentionSeconds = 3_660
const now = Math.floor(Date.now() / 1000)
const token: TokenFacts = {
  issuer,
  subject: 'alice',
  sessionId: 'session-1',
  tokenId: 'token-1',
  clientId: 'mcp-cli',
  issuedAt: now,
  caller: { email: 'Alice@Company.com' },
}

function inMemory(): State {
  const state = createCutOffState({ retentionSeconds })
  return {
    tell: (signal) => void state.apply(signal),
    arrived: () => {},
    reasonRefused: state.reasonRefused,
    permissionsChangedSince: state.permissionsChangedSince,
    close: () => {},
  }
}

/** Written by one process, read by the next. */
function inSqlite(): State {
  const folder = mkdtempSync(join(tmpdir(), 'every-state-'))
  const open = () => openCutOffStore(join(folder, 'cut-offs.db'), { retentionSeconds })
  const writer = open()
  let reader = open()
  return {
    tell: (signal) => writer.applyAll([signal]),
    arrived() {
      reader.close()
      reader = open()
    },
    reasonRefused: (facts) => reader.reasonRefused(facts),
    permissionsChangedSince: (facts, groups) => reader.permissionsChangedSince(facts, groups),
    close() {
      writer.close()
      reader.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Told at one replica, asked at another. */
async function acrossReplicas(program: string): Promise<State> {
  const redis = await startRedisServer({ program })
  const teller = shareSignals({ redis: { url: redis.url }, retentionSeconds, onSignals: () => {} })
  const asked = createCutOffState({ retentionSeconds })
  let heard = 0
  const listener = shareSignals({
    redis: { url: redis.url },
    retentionSeconds,
    onSignals: (signals) => {
      for (const signal of signals) asked.apply(signal)
      if (signals.some((signal) => signal.kind === 'permissions_changed' && signal.subject === 'mark')) heard++
    },
  })
  await Promise.all([teller.ready, listener.ready])
  let marks = 0
  return {
    tell: (signal) => teller.publish([signal]),
    async arrived() {
      marks++
      await teller.publish([
        { kind: 'permissions_changed', issuer: 'https://mark.example', subject: 'mark', changedAt: 1 },
      ])
      await vi.waitFor(() => expect(heard).toBe(marks), { timeout: 5_000, interval: 5 })
    },
    reasonRefused: asked.reasonRefused,
    permissionsChangedSince: asked.permissionsChangedSince,
    async close() {
      teller.stop()
      listener.stop()
      await redis.stop()
    },
  }
}

const states: [string, () => State | Promise<State>][] = [
  ['in memory', inMemory],
  ['in SQLite, read after a restart', inSqlite],
  ...redisPrograms().map((program): [string, () => Promise<State>] => [
    `in ${program}, asked at another replica`,
    () => acrossReplicas(program),
  ]),
]

describe.each(states)('cut-offs kept %s', (_title, open) => {
  let state: State
  let people = 0

  beforeAll(async () => {
    state = await open()
  }, 20_000)
  afterAll(() => state.close())

  /** Each rule has a person, a session, a token and a client of its own, and an address. */
  function newToken(): TokenFacts {
    const of = ++people
    return {
      ...token,
      subject: `person-${of}`,
      sessionId: `session-${of}`,
      tokenId: `token-${of}`,
      clientId: `client-${of}`,
      caller: { email: `Person-${of}@Company.com` },
    }
  }

  async function tell(entry: Omit<CutOff, 'issuer' | 'cause'> & Partial<CutOff>): Promise<void> {
    await state.tell({ kind: 'cut_off', issuer, cause: 'session_ended', ...entry })
    await state.arrived()
  }

  it.each([
    ['the person', ['subject']],
    ['the session', ['sessionId']],
    ['the token', ['tokenId']],
    ['the client', ['clientId']],
    ['the person through one client', ['subject', 'clientId']],
    ['the client’s part of a session', ['sessionId', 'clientId']],
  ] as const)('refuse %s, and nothing else', async (_rule, members) => {
    const facts = newToken()
    await tell({ ...Object.fromEntries(members.map((member) => [member, facts[member]])), notBefore: now })
    expect(state.reasonRefused(facts)).toBe('session_ended')
    for (const member of members) expect(state.reasonRefused({ ...facts, [member]: 'another' })).toBeUndefined()
    expect(state.reasonRefused({ ...facts, issuer: 'https://other.example' })).toBeUndefined()
  })

  it('refuse whoever has the address, in any case', async () => {
    const facts = newToken()
    await tell({ email: facts.caller?.email?.toUpperCase(), notBefore: now })
    expect(state.reasonRefused(facts)).toBe('session_ended')
    expect(state.reasonRefused(newToken())).toBeUndefined()
  })

  it('count the same second as before', async () => {
    const facts = newToken()
    await tell({ subject: facts.subject, notBefore: now + 0.2 })
    expect(state.reasonRefused({ ...facts, issuedAt: now + 0.9 })).toBe('session_ended')
    expect(state.reasonRefused({ ...facts, issuedAt: now + 1 })).toBeUndefined()
  })

  it('never move back, whichever came first', async () => {
    const facts = newToken()
    await tell({ subject: facts.subject, notBefore: now, cause: 'account_disabled' })
    await tell({ subject: facts.subject, notBefore: now - 60, cause: 'logged_out' })
    expect(state.reasonRefused(facts)).toBe('account_disabled')
  })

  it('refuse the same when everything is told twice', async () => {
    const facts = newToken()
    await tell({ subject: facts.subject, notBefore: now })
    await tell({ subject: facts.subject, notBefore: now })
    expect(state.reasonRefused(facts)).toBe('session_ended')
    expect(state.reasonRefused({ ...facts, issuedAt: now + 1 })).toBeUndefined()
  })

  it('mark the tokens of a person whose permissions changed, and refuse none', async () => {
    const facts = newToken()
    await state.tell({ kind: 'permissions_changed', issuer, subject: facts.subject, changedAt: now })
    await state.arrived()
    expect(state.permissionsChangedSince(facts, [])).toBe(true)
    expect(state.permissionsChangedSince({ ...facts, issuedAt: now + 1 }, [])).toBe(false)
    expect(state.permissionsChangedSince(newToken(), [])).toBe(false)
    expect(state.reasonRefused(facts)).toBeUndefined()
  })

  it('mark the tokens that name a changed group', async () => {
    await state.tell({ kind: 'permissions_changed', issuer, group: 'Data Analysts', changedAt: now })
    await state.arrived()
    expect(state.permissionsChangedSince(newToken(), ['All Staff', 'Data Analysts'])).toBe(true)
    expect(state.permissionsChangedSince(newToken(), ['All Staff'])).toBe(false)
  })

  it('refuse every token of an issuer', async () => {
    const elsewhere = { ...newToken(), issuer: 'https://partner.example' }
    await tell({ issuer: elsewhere.issuer, notBefore: now, cause: 'all_sessions_ended' })
    expect(state.reasonRefused(elsewhere)).toBe('all_sessions_ended')
    expect(state.reasonRefused(newToken())).toBeUndefined()
  })
})
