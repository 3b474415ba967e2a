import { measure, type Subject } from './measure.ts'
import { openFastJwt } from './peers.ts'
import { freshCopy, mintToken, openVerifier, type Realm } from './realm.ts'
import type { Section } from './report.ts'

const liveTokens = 1000
const revokedEntries = 10_000

/** Most that a token seen before may cost, in microseconds, beyond making the string it comes in. */
const bound = 1

/** A token that was verified before comes again, in a string of its own, with every check that depends on time. */
export async function measureRepeatedToken(realm: Realm, rounds: number): Promise<Section> {
  const tokens = Array.from({ length: liveTokens }, (_, number) =>
    mintToken('RS256', number, { sub: `person-${number}` }),
  )
  const revokedSubjects = new Set(Array.from({ length: revokedEntries }, (_, number) => `revoked-${number}`))
  const revokedTokens = new Set(revokedSubjects)
  const verifier = openVerifier(realm, {
    isRevoked: ({ subject, tokenId }) =>
      revokedSubjects.has(subject) || revokedTokens.has(tokenId ?? '') ? 'revoked' : undefined,
  })
  for (const token of tokens) await verifier.verify(token)
  const fastJwt = openFastJwt(realm, 'RS256', true)
  const fresh = (turn: number): string => freshCopy(tokens[turn % liveTokens] ?? '')
  const subjects: Subject[] = [
    { name: 'making the string', run: (turn) => fresh(turn).length },
    { name: '@mcp-identity/token-verifier', run: (turn) => verifier.verify(fresh(turn)) },
    { name: 'fast-jwt, cache on', run: (turn) => fastJwt(fresh(turn)) },
  ]
  const [string, ...others] = await measure(subjects, rounds)
  verifier.close()
  return {
    title: 'A token that was verified before',
    note: `CPU time beyond making its string; ${liveTokens} live tokens, times, key and two revocation sets of ${revokedEntries} checked again`,
    figures: others.map(({ name, medianMicroseconds, undisturbedMicroseconds }, index) => ({
      name,
      value: medianMicroseconds - (string?.medianMicroseconds ?? 0),
      unit: 'µs',
      undisturbed: undisturbedMicroseconds - (string?.undisturbedMicroseconds ?? 0),
      ...(index === 0 && { atMost: bound }),
    })),
  }
}
