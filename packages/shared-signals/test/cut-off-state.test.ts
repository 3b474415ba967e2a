import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCutOffState } from '../src/cut-off-state.ts'
import type { CutOff, CutOffCause, Signal, TokenFacts } from '../src/signal.ts'
import { isCutOffBy } from '../src/signal.ts'

const issuer = 'https://sso.company.com/realms/company'
const now = 1_795_452_957
const token: TokenFacts = {
  issuer,
  subject: 'alice',
  sessionId: 'session-1',
  tokenId: 'token-1',
  clientId: 'mcp-cli',
  issuedAt: now,
  caller: { email: 'Alice@Company.com' },
}

function newState(options: { clock?: () => number; maxEntries?: number } = {}) {
  return createCutOffState({ clock: () => now, retentionSeconds: 3_660, ...options })
}

describe('which tokens a cut-off names', () => {
  const cases: [string, Partial<CutOff>, Partial<TokenFacts>][] = [
    ['the person', { subject: 'alice' }, { subject: 'bob' }],
    ['the session', { sessionId: 'session-1' }, { sessionId: 'session-2' }],
    ['the token', { tokenId: 'token-1' }, { tokenId: 'token-2' }],
    ['the client', { clientId: 'mcp-cli' }, { clientId: 'console' }],
    ['whoever has the address, in any case', { email: 'alice@COMPANY.com' }, { caller: { email: 'bob@company.com' } }],
    ['the person through one client', { subject: 'alice', clientId: 'mcp-cli' }, { clientId: 'console' }],
    ['the client’s part of a session', { sessionId: 'session-1', clientId: 'mcp-cli' }, { clientId: 'console' }],
    ['every token of the issuer', {}, { issuer: 'https://other.example' }],
  ]
  for (const [title, members, other] of cases) {
    it(`refuses ${title}, and nothing else`, () => {
      const state = newState()
      state.cutOff({ issuer, ...members, notBefore: now, cause: 'session_ended' })
      expect(state.reasonRefused(token)).toBe('session_ended')
      expect(state.reasonRefused({ ...token, ...other })).toBeUndefined()
    })
  }

  it('takes a session with its subject as the session', () => {
    const state = newState()
    state.cutOff({ issuer, subject: 'alice', sessionId: 'session-1', notBefore: now, cause: 'session_ended' })
    expect(state.reasonRefused(token)).toBe('session_ended')
    expect(state.reasonRefused({ ...token, sessionId: 'session-2' })).toBeUndefined()
  })

  it('covers a token without a session by its subject', () => {
    const state = newState()
    state.cutOff({ issuer, subject: 'alice', notBefore: now, cause: 'account_disabled' })
    expect(state.reasonRefused({ issuer, subject: 'alice', issuedAt: now })).toBe('account_disabled')
  })
})

describe('time', () => {
  it('counts the same second as before', () => {
    const state = newState()
    state.cutOff({ issuer, subject: 'alice', notBefore: now + 0.2, cause: 'account_disabled' })
    expect(state.reasonRefused({ ...token, issuedAt: now + 0.9 })).toBe('account_disabled')
    expect(state.reasonRefused({ ...token, issuedAt: now + 1 })).toBeUndefined()
  })

  it('refuses a token that does not say when it was issued', () => {
    const state = newState()
    state.cutOff({ issuer, subject: 'alice', notBefore: now, cause: 'account_disabled' })
    expect(state.reasonRefused({ ...token, issuedAt: undefined })).toBe('account_disabled')
  })

  it('never moves back: an older event changes nothing', () => {
    const state = newState()
    expect(state.cutOff({ issuer, subject: 'alice', notBefore: now, cause: 'account_disabled' })).toBe(true)
    expect(state.cutOff({ issuer, subject: 'alice', notBefore: now - 60, cause: 'logged_out' })).toBe(false)
    expect(state.cutOff({ issuer, subject: 'alice', notBefore: now, cause: 'logged_out' })).toBe(false)
    expect(state.reasonRefused(token)).toBe('account_disabled')
  })

  it('keeps an entry for the whole retention and drops it after', () => {
    let clock = now
    const state = newState({ clock: () => clock })
    state.cutOff({ issuer, subject: 'alice', notBefore: now, cause: 'account_disabled' })
    const fill = () => {
      for (let i = 0; i < 2_000; i++)
        state.cutOff({ issuer, tokenId: `${clock}-${i}`, notBefore: clock, cause: 'token_revoked' })
    }
    clock = now + 3_660
    fill()
    expect(state.reasonRefused(token)).toBe('account_disabled')
    clock = now + 3_661
    fill()
    fill()
    expect(state.reasonRefused(token)).toBeUndefined()
  })
})

describe('bad input', () => {
  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('refuses the time %s', (notBefore) => {
    expect(() => newState().cutOff({ issuer, subject: 'alice', notBefore, cause: 'logged_out' })).toThrow(TypeError)
  })

  it('refuses an empty subject rather than cut off everybody', () => {
    expect(() => newState().cutOff({ issuer, subject: '', notBefore: now, cause: 'logged_out' })).toThrow('"subject"')
  })

  it('refuses a cause that is not in the list', () => {
    const cause = 'mood' as CutOffCause
    expect(() => newState().cutOff({ issuer, subject: 'alice', notBefore: now, cause })).toThrow('"cause"')
  })

  it('refuses a retention of nothing', () => {
    expect(() => createCutOffState({ retentionSeconds: 0 })).toThrow('"retentionSeconds" must be 1 to 31536000')
  })
})

describe('permissions', () => {
  it('that change twice in one second are told twice', () => {
    const state = newState()
    const told: Signal[] = []
    state.subscribe((signal) => told.push(signal))
    state.changePermissions({ issuer, subject: 'alice', changedAt: now })
    state.changePermissions({ issuer, subject: 'alice', changedAt: now })
    expect(told).toHaveLength(2)
  })

  it('marks the tokens of a person that are older than the change', () => {
    const state = newState()
    state.changePermissions({ issuer, subject: 'alice', changedAt: now })
    expect(state.permissionsChangedSince(token, [])).toBe(true)
    expect(state.permissionsChangedSince({ ...token, issuedAt: now + 1 }, [])).toBe(false)
    expect(state.permissionsChangedSince({ ...token, subject: 'bob' }, [])).toBe(false)
    expect(state.reasonRefused(token)).toBeUndefined()
  })

  it('marks the tokens that name a changed group, and those that do not say', () => {
    const state = newState()
    state.changePermissions({ issuer, group: 'Data Analysts', changedAt: now })
    expect(state.permissionsChangedSince(token, ['All Staff', 'Data Analysts'])).toBe(true)
    expect(state.permissionsChangedSince(token, ['All Staff'])).toBe(false)
    expect(state.permissionsChangedSince(token, undefined)).toBe(true)
  })

  it('marks every token of the issuer when roles themselves change', () => {
    const state = newState()
    state.changePermissions({ issuer, changedAt: now })
    expect(state.permissionsChangedSince(token, [])).toBe(true)
    expect(state.permissionsChangedSince({ ...token, issuer: 'https://other.example' }, [])).toBe(false)
  })
})

describe('listeners', () => {
  it('are told of what changed something, once', () => {
    const state = newState()
    const told: Signal[] = []
    const end = state.subscribe((signal) => told.push(signal))
    const entry: CutOff = { issuer, subject: 'alice', notBefore: now, cause: 'account_disabled' }
    state.cutOff(entry)
    state.cutOff(entry)
    end()
    state.cutOff({ ...entry, notBefore: now + 5 })
    expect(told).toEqual([{ kind: 'cut_off', ...entry }])
  })
})

describe('bounded memory', () => {
  it('refuses everything older rather than forget one cut-off when the table is full', () => {
    const state = newState({ maxEntries: 1_000 })
    const collapsed: Signal[] = []
    state.subscribe((signal) => {
      if (signal.kind === 'cut_off' && signal.cause === 'table_full') collapsed.push(signal)
    })
    for (let i = 0; i < 5_000; i++)
      state.cutOff({ issuer, subject: `person-${i}`, notBefore: now, cause: 'account_disabled' })
    expect(collapsed.length).toBeGreaterThan(0)
    expect(state.reasonRefused({ ...token, subject: 'person-1' })).toBeDefined()
    expect(state.reasonRefused({ ...token, subject: 'nobody' })).toBe('table_full')
    expect(state.reasonRefused({ ...token, issuedAt: now + 1 })).toBeUndefined()
  })
})

describe('snapshot', () => {
  it('refuses after import what was refused before', () => {
    const state = newState()
    state.cutOff({ issuer, subject: 'alice', notBefore: now, cause: 'account_disabled' })
    state.changePermissions({ issuer, subject: 'erin', changedAt: now })
    const copy = newState()
    copy.import(state.export())
    expect(copy.reasonRefused(token)).toBe('account_disabled')
    expect(copy.permissionsChangedSince({ ...token, subject: 'erin' }, [])).toBe(true)
    expect(copy.reasonRefused({ ...token, subject: 'bob' })).toBeUndefined()
  })

  it('holds no identifier in the clear', () => {
    const state = newState()
    state.cutOff({ issuer, subject: 'alice', notBefore: now, cause: 'account_disabled' })
    expect(Buffer.from(state.export()).includes('alice')).toBe(false)
  })

  it.each([
    ['cut short', (bytes: Uint8Array) => bytes.slice(0, -1)],
    ['of another kind', () => Buffer.from('{"format":"else"}\n')],
    ['empty', () => new Uint8Array()],
  ])('is refused when %s', (_title, spoil) => {
    const state = newState()
    state.cutOff({ issuer, subject: 'alice', notBefore: now, cause: 'account_disabled' })
    expect(() => newState().import(spoil(state.export()))).toThrow(TypeError)
  })
})

describe('against a plain list of cut-offs', () => {
  const name = fc.constantFrom('a', 'b', 'c')
  const maybe = fc.option(name, { nil: undefined })
  const anyCutOff = fc.record({
    issuer: fc.constantFrom(issuer, 'https://other.example'),
    subject: maybe,
    sessionId: maybe,
    tokenId: maybe,
    clientId: maybe,
    email: maybe,
    notBefore: fc.integer({ min: now - 10, max: now + 10 }),
    cause: fc.constant<CutOffCause>('session_ended'),
  })
  const anyToken = fc.record({
    issuer: fc.constantFrom(issuer, 'https://other.example'),
    subject: maybe,
    sessionId: maybe,
    tokenId: maybe,
    clientId: maybe,
    caller: fc.record({ email: maybe }),
    issuedAt: fc.integer({ min: now - 12, max: now + 12 }),
  })

  it('refuses exactly the tokens that some cut-off ends', () => {
    fc.assert(
      fc.property(fc.array(anyCutOff, { maxLength: 8 }), fc.array(anyToken, { maxLength: 8 }), (cutOffs, tokens) => {
        const state = newState()
        for (const entry of cutOffs) state.cutOff(entry)
        for (const facts of tokens) {
          const expected = cutOffs.some((entry) => isCutOffBy(facts, entry))
          expect(state.reasonRefused(facts) !== undefined).toBe(expected)
        }
      }),
      { numRuns: 500 },
    )
  })
})
