import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createCutOffState } from '../../src/cut-off-state.ts'
import { createKeycloakAdminClient } from '../../src/keycloak/admin-client.ts'
import type { EventCursor } from '../../src/keycloak/event-reader.ts'
import { createEventReader } from '../../src/keycloak/event-reader.ts'
import { issuer, KeycloakDouble } from './keycloak-double.ts'

/** One thing that happens, and how much time passes before it. */
type Step =
  | { kind: 'disable'; person: number; afterMs: number; commitDelayMs: number }
  | { kind: 'enable' | 'issue'; person: number; afterMs: number }
  | { kind: 'read' | 'restart'; afterMs: number }

const person = fc.integer({ min: 0, max: 2 })
const afterMs = fc.integer({ min: 0, max: 1_500 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('disable' as const),
    person,
    afterMs,
    commitDelayMs: fc.integer({ min: 0, max: 1_900 }),
  }),
  fc.record({ kind: fc.constantFrom('enable' as const, 'issue' as const), person, afterMs }),
  fc.record({ kind: fc.constantFrom('read' as const, 'read' as const, 'restart' as const), afterMs }),
)

/** How much later than a disable was committed a token is certainly not taken for an old one. */
const certainlyNewMs = 3_000

/** Plays a history against the double, with events that show when their transaction is committed. */
async function play(steps: readonly Step[]): Promise<void> {
  const keycloak = new KeycloakDouble()
  const { clock, fetch } = keycloak
  const state = createCutOffState({ clock, retentionSeconds: 3_660 })
  const newReader = () =>
    createEventReader({
      issuer,
      admin: createKeycloakAdminClient({
        issuer,
        clientId: 'c',
        clientSecret: 's',
        requestTimeoutMs: 2_000,
        fetch,
        clock,
      }),
      clock,
      retentionSeconds: 3_660,
      reconcileIntervalMs: 0,
      onSignals: (signals) => signals.map(state.apply),
    })
  let reader = newReader()
  let cursor: EventCursor | undefined
  const tokens: { subject: string; issuedMs: number }[] = []
  const disables: { subject: string; eventMs: number; commitMs: number; isShown: boolean }[] = []
  const disabled = new Set<string>()

  function commitDue(): void {
    for (const disable of disables) {
      if (disable.isShown || disable.commitMs > keycloak.now) continue
      disable.isShown = true
      disabled.add(disable.subject)
      keycloak.disable(disable.subject, disable.eventMs)
    }
  }

  function checkEveryToken(): void {
    for (const { subject, issuedMs } of tokens) {
      const own = disables.filter((disable) => disable.subject === subject && disable.isShown)
      const facts = { issuer, subject, issuedAt: Math.floor(issuedMs / 1000) }
      if (own.some(({ commitMs }) => issuedMs <= commitMs)) expect(state.reasonRefused(facts)).toBe('account_disabled')
      if (own.every(({ commitMs }) => issuedMs >= commitMs + certainlyNewMs))
        expect(state.reasonRefused(facts)).toBeUndefined()
    }
  }

  for (const next of [...steps, { kind: 'read' as const, afterMs: 2_000 }]) {
    keycloak.now += next.afterMs
    commitDue()
    const subject = 'person' in next ? `person-${next.person}` : ''
    if (next.kind === 'disable') {
      disables.push({ subject, eventMs: keycloak.now, commitMs: keycloak.now + next.commitDelayMs, isShown: false })
      commitDue()
    } else if (next.kind === 'enable') disabled.delete(subject)
    else if (next.kind === 'issue' && !disabled.has(subject)) tokens.push({ subject, issuedMs: keycloak.now })
    else if (next.kind === 'restart') reader = newReader()
    else if (next.kind === 'read') {
      cursor = await reader.read(cursor)
      checkEveryToken()
    }
  }
}

it('refuses, after any history, every token from before a disable that shows, and none that is certainly newer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) => play(steps)),
    { numRuns: 300 },
  )
})
