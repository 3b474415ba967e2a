import {
  calculateJwkThumbprint,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose'
import type { Replica } from './replica-directory.ts'

/** What a replica shows to another: a JWT that its own key signed (RFC 7523 section 3), for one of them, for a moment. */
export interface ReplicaIdentity {
  publicKey: JWK
  /** @param to Address of the replica that is asked. */
  assertionFor(to: string): Promise<string>
}

const type = 'replica+jwt'
const algorithm = 'EdDSA'
const lifetimeSeconds = 30
/** Clocks of replicas may differ by so much. */
const clockToleranceSeconds = 30

/** A key that lives as long as this process and is kept nowhere. */
export async function createReplicaIdentity(name: string): Promise<ReplicaIdentity> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm)
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  return {
    publicKey: { ...jwk, kid },
    assertionFor: (to) =>
      new SignJWT()
        .setProtectedHeader({ alg: algorithm, typ: type, kid })
        .setIssuer(name)
        .setAudience(to)
        .setIssuedAt()
        .setExpirationTime(`${lifetimeSeconds} s`)
        .sign(privateKey),
  }
}

/**
 * Says which replica is asking.
 *
 * @param own Address of this replica, which the assertion has to be for.
 * @returns Its name; undefined when the assertion is not good.
 */
export async function verifyReplicaAssertion(
  assertion: string,
  own: string,
  find: (name: string, keyId: string) => Promise<Replica | undefined>,
): Promise<string | undefined> {
  try {
    // Not believed yet: they say only whose key to verify it with.
    const { kid = '' } = decodeProtectedHeader(assertion)
    const { iss = '' } = decodeJwt(assertion)
    const replica = await find(iss, kid)
    if (replica === undefined) return undefined
    await jwtVerify(assertion, await importJWK(replica.publicKey, algorithm), {
      algorithms: [algorithm],
      typ: type,
      issuer: replica.name,
      audience: own,
      clockTolerance: clockToleranceSeconds,
      maxTokenAge: lifetimeSeconds,
    })
    return replica.name
  } catch {
    return undefined
  }
}
