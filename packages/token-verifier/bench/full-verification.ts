import { verify } from 'node:crypto'
import { toDerSignature } from '../src/der-signature.ts'
import { measure, type Subject } from './measure.ts'
import { peers } from './peers.ts'
import { algorithms, type ComparedAlgorithm, mintToken, openVerifier, type Realm } from './realm.ts'
import type { Section } from './report.ts'

const tokensInTurn = 64

/** Most that our verification may cost, as a multiple of the bare signature check. */
const bounds: Readonly<Record<ComparedAlgorithm, number>> = { RS256: 1.3, ES256: 1.15, EdDSA: 1.15 }

/** Full verification of tokens that were never seen before, next to the bare signature check and to peers. */
export async function compareFullVerification(
  realm: Realm,
  algorithm: ComparedAlgorithm,
  rounds: number,
): Promise<Section> {
  const tokens = Array.from({ length: tokensInTurn }, (_, number) => mintToken(algorithm, number))
  const verifier = openVerifier(realm, { cache: false })
  const token = (turn: number): string => tokens[turn % tokensInTurn] ?? ''
  const subjects: Subject[] = [
    bareVerification(algorithm, tokens),
    { name: '@mcp-identity/token-verifier', run: (turn) => verifier.verify(token(turn)) },
    ...peers
      .filter(({ knows }) => knows.includes(algorithm))
      .map(({ name, open }) => {
        const verifyToken = open(realm, algorithm)
        return { name, run: (turn: number) => verifyToken(token(turn)) }
      }),
  ]
  const measurements = await measure(subjects, rounds)
  verifier.close()
  return {
    title: `Full verification, ${algorithm}`,
    note: `CPU time as a multiple of the bare crypto.verify, ${tokens[0]?.length ?? 0} characters, one call at a time, nothing cached`,
    figures: measurements.map(({ name, ratio, undisturbedRatio, medianMicroseconds }, index) => ({
      name,
      value: ratio,
      unit: '×',
      undisturbed: undisturbedRatio,
      median: medianMicroseconds,
      ...(index === 1 && { atMost: bounds[algorithm] }),
    })),
  }
}

/** The floor: the platform's verification with everything prepared, in the form that costs least on every Node. */
export function bareVerification(algorithm: ComparedAlgorithm, tokens: readonly string[]): Subject {
  const key = algorithms[algorithm][0].publicKey
  const hash = algorithm === 'EdDSA' ? null : 'sha256'
  const prepared = tokens.map((token) => {
    const dot = token.lastIndexOf('.')
    const signature = Buffer.from(token.slice(dot + 1), 'base64url')
    return {
      signed: Buffer.from(token.slice(0, dot)),
      signature: algorithm === 'ES256' ? toDerSignature(signature) : signature,
    }
  })
  return {
    name: 'crypto.verify alone',
    run: (turn) => {
      const { signed, signature } = prepared[turn % prepared.length] ?? {
        signed: Buffer.alloc(0),
        signature: Buffer.alloc(0),
      }
      if (!verify(hash, signed, key, signature)) throw new Error('the benchmark verifies tokens that are right')
    },
  }
}
