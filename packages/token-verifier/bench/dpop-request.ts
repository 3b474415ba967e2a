import { dpopConfirmation, mintDpopProof } from '@mcp-identity/test-kit'
import { bareVerification } from './full-verification.ts'
import { measure, type Subject } from './measure.ts'
import { expressRequest, openExpressBearer } from './peers.ts'
import { mintToken, openVerifier, type Realm } from './realm.ts'
import type { Section } from './report.ts'

const method = 'POST'
const url = 'https://mcp.company.com/mcp'

/** Most that a request with a known token and a new proof may cost, as a multiple of one ES256 verification. */
const bound = 1.2

/** Proofs in one sample: each can be used only once, and making them takes time that is not measured. */
const proofsInSample = 32

/** A request with a token that was verified before and a proof that was not. */
export async function measureDpopRequest(realm: Realm, rounds: number): Promise<Section> {
  const token = mintToken('RS256', 1, { cnf: dpopConfirmation(), typ: 'DPoP' })
  const verifier = openVerifier(realm)
  const expressBearer = openExpressBearer(realm, 'RS256', (proof) => dpopRequest(token, proof))
  const ours = proofs(token)
  const theirs = proofs(token)
  const bare = bareVerification(
    'ES256',
    Array.from({ length: 64 }, (_, number) => mintToken('ES256', number)),
  )
  const subjects: Subject[] = [
    { ...bare, name: 'one ES256 crypto.verify' },
    {
      name: '@mcp-identity/token-verifier',
      operations: proofsInSample,
      prepare: ours.prepare,
      run: (turn) => verifier.verify(token, { method, url, dpopProof: ours.at(turn) }),
    },
    {
      name: 'express-oauth2-jwt-bearer',
      operations: proofsInSample,
      prepare: theirs.prepare,
      run: (turn) => expressBearer(theirs.at(turn)),
    },
  ]
  const measurements = await measure(subjects, rounds)
  verifier.close()
  return {
    title: 'A request with a DPoP proof (RFC 9449)',
    note: 'CPU time as a multiple of one ES256 crypto.verify; the token was verified before, the proof is new',
    figures: measurements.map(({ name, ratio, undisturbedRatio, medianMicroseconds }, index) => ({
      name,
      value: ratio,
      unit: '×',
      undisturbed: undisturbedRatio,
      median: medianMicroseconds,
      ...(index === 1 && { atMost: bound }),
    })),
  }
}

function proofs(accessToken: string) {
  let made: string[] = []
  return {
    prepare: (count: number): void => {
      const now = Math.floor(Date.now() / 1000)
      made = Array.from({ length: count }, () => mintDpopProof({ method, url, accessToken, now }))
    },
    at: (turn: number): string => made[turn] ?? '',
  }
}

function dpopRequest(token: string, dpop: string): object {
  return expressRequest(method, url, { authorization: `DPoP ${token}`, dpop })
}
