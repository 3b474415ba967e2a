import { testKeys } from '@mcp-identity/test-kit'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { settlingSeconds } from '../../src/effective-time.ts'
import { idpIssuer, keycloakIssuer, now, post, sign, startReceiving } from './sender.ts'

/** Access of alice ends at some moment; word of it is signed later, and arrives later still, maybe twice, maybe never. */
interface End {
  kind: 'logout' | 'event'
  atMs: number
  signedAfterMs: number
  arrivesAfterMs: number[]
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
const accountDisabled = 'https://schemas.openid.net/secevent/risc/event-type/account-disabled'
const withinMs = (max: number) => fc.integer({ min: 0, max })

const end: fc.Arbitrary<End> = fc.record({
  kind: fc.constantFrom('logout' as const, 'event' as const),
  atMs: withinMs(20_000),
  signedAfterMs: withinMs(5_000),
  arrivesAfterMs: fc.array(withinMs(5_000), { maxLength: 2 }),
})

let serial = 0

function wordOf({ kind, atMs, signedAfterMs }: End): Promise<string> {
  const at = now + atMs / 1000
  const iat = Math.floor(at + signedAfterMs / 1000)
  const about = { iss: idpIssuer, aud: 'https://mcp.company.com/mcp', iat, jti: `late-${++serial}` }
  const claims =
    kind === 'logout'
      ? { ...about, exp: iat + 120, toe: at, sub: 'idp-alice', events: { [logoutEvent]: {} } }
      : {
          ...about,
          sub_id: { format: 'iss_sub', iss: idpIssuer, sub: 'idp-alice' },
          events: { [accountDisabled]: { event_timestamp: at } },
        }
  const typ = kind === 'logout' ? 'logout+jwt' : 'secevent+jwt'
  return sign({ header: { alg: 'RS256', typ, kid: testKeys.rsa.kid }, claims, key: testKeys.rsa })
}

/** Delivers in the order of arrival. @returns When each end was first known of. */
async function play(ends: readonly End[]) {
  const receiving = startReceiving()
  const words = await Promise.all(ends.map(wordOf))
  const arrivals = ends.flatMap(({ atMs, signedAfterMs, arrivesAfterMs }, index) =>
    arrivesAfterMs.map((afterMs) => ({ index, atMs: atMs + signedAfterMs + afterMs })),
  )
  for (const { index, atMs } of arrivals.toSorted((one, other) => one.atMs - other.atMs)) {
    receiving.clock.now = now + atMs / 1000
    const word = words[index] ?? ''
    if (ends[index]?.kind === 'event') await post(receiving, 'ssf', word, 'application/secevent+jwt')
    else {
      const form = new URLSearchParams({ logout_token: word }).toString()
      await post(receiving, 'backchannel-logout', form, 'application/x-www-form-urlencoded')
    }
  }
  return receiving.state
}

it('ends every token from before an end that was heard of and none that was issued when its time had settled, whatever is late, twice, out of order or lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(end, { maxLength: 4 }), async (ends) => {
      const state = await play(ends)
      const heardOf = ends.filter(({ arrivesAfterMs }) => arrivesAfterMs.length > 0)
      for (let issuedMs = 0; issuedMs <= 30_000; issuedMs += 250) {
        const facts = { issuer: keycloakIssuer, subject: 'kc-alice', issuedAt: now + Math.floor(issuedMs / 1000) }
        if (heardOf.some(({ atMs }) => issuedMs <= atMs)) expect(state.reasonRefused(facts)).toBeDefined()
        const isSettled = heardOf.every(({ atMs }) => issuedMs >= atMs + (settlingSeconds + 1) * 1000)
        if (isSettled) expect(state.reasonRefused(facts)).toBeUndefined()
      }
    }),
    { numRuns: 100 },
  )
})
