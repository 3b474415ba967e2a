import {
  dialects,
  type KeySetServer,
  mintAccessToken,
  publicKeySet,
  serveKeySet,
  type TestKey,
  testKeys,
} from '@mcp-identity/test-kit'
import {
  type AccessTokenVerifier,
  type AccessTokenVerifierSettings,
  createAccessTokenVerifier,
  keycloak,
} from '../src/index.ts'

/** Algorithms that are compared, each with the key that signs and another one of the key set. */
export const algorithms = {
  RS256: [testKeys.rsa, testKeys.rsaNext],
  ES256: [testKeys.p256, testKeys.p256Next],
  EdDSA: [testKeys.ed25519, testKeys.ed25519Next],
} as const satisfies Record<string, readonly [TestKey, TestKey]>

/** Name of an algorithm that is compared. */
export type ComparedAlgorithm = keyof typeof algorithms

/** A realm of Keycloak whose tokens are valid while the benchmark runs. */
export interface Realm {
  readonly issuer: string
  readonly audience: string
  readonly jwksUri: string
  readonly keySet: KeySetServer
}

/** Lifetime of the tokens, in seconds. */
const lifetimeSeconds = 7200

/** Serves a key set of two keys for each algorithm, as after a rotation. */
export async function openRealm(): Promise<Realm> {
  const keySet = await serveKeySet({ keySet: publicKeySet(...Object.values(algorithms).flat()) })
  const { issuer, audience } = dialects.keycloak
  return { issuer, audience, jwksUri: keySet.jwksUri, keySet }
}

/** A token as Keycloak writes it, about 1,600 characters with RS256. Two with different numbers differ. */
export function mintToken(
  algorithm: ComparedAlgorithm,
  number: number,
  claims: Readonly<Record<string, unknown>> = {},
): string {
  return mintAccessToken({
    provider: 'keycloak',
    key: algorithms[algorithm][0],
    now: Math.floor(Date.now() / 1000),
    lifetimeSeconds,
    header: { typ: 'at+jwt' },
    claims: { jti: `onrtro:00000000-0000-4000-8000-${String(number).padStart(12, '0')}`, ...claims },
  })
}

/** Our verifier for the realm. */
export function openVerifier(
  { issuer, audience, jwksUri }: Pick<Realm, 'issuer' | 'audience' | 'jwksUri'>,
  settings: Partial<AccessTokenVerifierSettings> = {},
): AccessTokenVerifier {
  return createAccessTokenVerifier({
    resource: audience,
    issuers: [keycloak({ issuer, audience, jwksUri, dangerouslyAllowInsecureHttp: true })],
    onWarning: () => undefined,
    ...settings,
  })
}

/** The same characters in a string of their own, as each request brings one. */
export function freshCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
