import { mintAccessToken } from '@mcp-identity/test-kit'
import { measure, type Subject } from './measure.ts'
import { peers } from './peers.ts'
import { algorithms, mintToken, openVerifier, type Realm } from './realm.ts'
import type { Figure, Section } from './report.ts'

const variants = 256

/** Kinds of bad tokens, and most that refusing one may cost, in microseconds. */
const kinds = {
  malformed: { atMost: 3, make: (number: number) => `${mintToken('RS256', number).replace('.', '!')}` },
  'unknown key id': { atMost: 3, make: (number: number) => mintWithHeader(number, { kid: `unknown-${number}` }) },
  expired: { atMost: 10, make: (number: number) => mintToken('RS256', number, longAgo()) },
  'wrong signature': { atMost: undefined, make: (number: number) => withOtherPayload(mintToken('RS256', number)) },
}

/** What a refusal costs, here and at peers. A refusal is thrown and caught, as a server would. */
export async function measureRefusals(realm: Realm, rounds: number): Promise<Section> {
  const figures: Figure[] = []
  const verifier = openVerifier(realm)
  await verifier.verify(mintToken('RS256', 0))
  for (const [kind, { make, atMost }] of Object.entries(kinds)) {
    const tokens = Array.from({ length: variants }, (_, number) => make(number))
    const subjects: Subject[] = [
      refusing('@mcp-identity/token-verifier', (token) => verifier.verify(token), tokens),
      ...peers.map(({ name, open }) => refusing(name, open(realm, 'RS256'), tokens)),
    ]
    const comparable = kind === 'unknown key id' ? subjects.slice(0, 1) : subjects
    for (const [index, measured] of (await measure(comparable, rounds)).entries()) {
      const { name, medianMicroseconds: value, undisturbedMicroseconds: undisturbed } = measured
      const bound = index === 0 && atMost !== undefined ? { atMost } : {}
      figures.push({ name: `${kind}: ${name}`, value, undisturbed, unit: 'µs', ...bound })
    }
  }
  verifier.close()
  return { title: 'Refusals', note: 'CPU time from the call to the caught error, RS256', figures }
}

function refusing(name: string, verifyToken: (token: string) => unknown, tokens: readonly string[]): Subject {
  return {
    name,
    run: (turn) => {
      try {
        const verifying = verifyToken(tokens[turn % variants] ?? '')
        return verifying instanceof Promise ? verifying.then(acceptedBadToken, ignore) : acceptedBadToken()
      } catch (error) {
        if (error === badTokenAccepted) throw error
        return undefined
      }
    },
  }
}

const badTokenAccepted = new Error('the benchmark refuses tokens that are bad')

function acceptedBadToken(): never {
  throw badTokenAccepted
}

function ignore(): void {}

function mintWithHeader(number: number, header: Readonly<Record<string, unknown>>): string {
  const now = Math.floor(Date.now() / 1000)
  return mintAccessToken({
    provider: 'keycloak',
    key: algorithms.RS256[0],
    now,
    header,
    claims: { jti: `t-${number}` },
  })
}

function longAgo(): Readonly<Record<string, unknown>> {
  const now = Math.floor(Date.now() / 1000)
  return { iat: now - 7200, exp: now - 3600, auth_time: now - 7200 }
}

/** The payload of one token under the signature of another. */
function withOtherPayload(token: string): string {
  const [header, , signature] = token.split('.')
  const [, payload] = mintToken('RS256', 999_999).split('.')
  return `${header}.${payload}.${signature}`
}
