import {
  createFrozenClock,
  dialects,
  type FrozenClock,
  type KeySetOptions,
  type KeySetServer,
  serveKeySet,
} from '@mcp-identity/test-kit'
import { onTestFinished } from 'vitest'
import {
  type AccessTokenVerifier,
  type AccessTokenVerifierSettings,
  createAccessTokenVerifier,
  KeySetUnavailableError,
  keycloak,
  TokenError,
} from '../../src/index.ts'

/**
 * How long is waited for a key set that never comes, in milliseconds. Mutation testing waits less, at the risk that a
 * key set which does come is late on a busy machine.
 */
export const keySetTimeoutMs = Number(process.env.MCP_IDENTITY_KEY_SET_TIMEOUT_MS ?? 1000)

/** A verifier with a realm of Keycloak behind it, whose key set is on loopback and whose clock stands still. */
export interface VerifierUnderTest {
  readonly verifier: AccessTokenVerifier
  readonly keySet: KeySetServer
  readonly clock: FrozenClock
}

/** Makes one for the length of a test. */
export async function makeVerifier(
  settings: Partial<AccessTokenVerifierSettings> = {},
  keySetOptions: KeySetOptions = {},
): Promise<VerifierUnderTest> {
  const keySet = await serveKeySet(keySetOptions)
  const clock = createFrozenClock()
  const { issuer, audience } = dialects.keycloak
  const verifier = createAccessTokenVerifier({
    resource: audience,
    issuers: [keycloak({ issuer, audience, jwksUri: keySet.jwksUri, dangerouslyAllowInsecureHttp: true })],
    clock,
    onWarning: () => undefined,
    ...settings,
  })
  onTestFinished(async () => {
    verifier.close()
    await keySet.close()
  })
  return { verifier, keySet, clock }
}

/** In one word what came of a verification: `accepted`, the reason of a refusal, or `unavailable`. */
export async function outcomeOf(verifying: Promise<unknown>): Promise<string> {
  const outcome: unknown = await verifying.then(
    () => 'accepted',
    (error: unknown) => error,
  )
  if (outcome instanceof TokenError) return outcome.reason
  if (outcome instanceof KeySetUnavailableError) return 'unavailable'
  return String(outcome)
}
