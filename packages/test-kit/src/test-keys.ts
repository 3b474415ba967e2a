import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { fixedKeys } from './fixtures/fixed-keys.ts'

/** The JOSE algorithms that the fixed keys are made for (RFC 7518 section 3.1, RFC 8037 section 3.1). */
export type TestKeyAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'EdDSA' | 'RSA-OAEP'

/** A fixed key pair, for tests only: its private half is published with this package. */
export interface TestKey {
  /** Always begins with `test-only-`, so that it stands out in a log or a key set. */
  readonly kid: string
  /** The one algorithm the key is made for. */
  readonly algorithm: TestKeyAlgorithm
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** RFC 7517 form with `kid`, `alg` and `use`, ready to be published. Holds no private member. */
  readonly publicJwk: PublicJwk
  /** RFC 7517 form with the private members. Only a poisoned key set publishes it. */
  readonly privateJwk: PublicJwk
}

/** A JSON Web Key as it stands in a key set (RFC 7517 section 4). */
export interface PublicJwk extends JsonWebKey {
  kid: string
  alg: string
  use: string
}

/** Names of the fixed keys. */
export type TestKeyName = keyof typeof fixedKeys

/**
 * The fixed keys, by what they play.
 *
 * `rsa`, `rsaPss`, `p256`, `p384`, `ed25519` sign for the authorization server; `…Next` are the keys it rotates to.
 * `attacker…` belong to nobody it knows. `weakRsa` has 1024 bits, `smallExponentRsa` has e = 3. `encryption` is an
 * RSA-OAEP key of the kind Keycloak lists beside its signing keys. `client` and `otherClient` make DPoP proofs.
 */
export const testKeys: Readonly<Record<TestKeyName, TestKey>> = {
  rsa: load('rsa'),
  rsaNext: load('rsaNext'),
  rsaPss: load('rsaPss'),
  p256: load('p256'),
  p256Next: load('p256Next'),
  p384: load('p384'),
  ed25519: load('ed25519'),
  ed25519Next: load('ed25519Next'),
  attackerRsa: load('attackerRsa'),
  attackerP256: load('attackerP256'),
  attackerEd25519: load('attackerEd25519'),
  weakRsa: load('weakRsa'),
  smallExponentRsa: load('smallExponentRsa'),
  encryption: load('encryption'),
  client: load('client'),
  otherClient: load('otherClient'),
}

/** The key set document of some keys, public halves only (RFC 7517 section 5). */
export function publicKeySet(...keys: readonly TestKey[]): { keys: PublicJwk[] } {
  return { keys: keys.map((key) => key.publicJwk) }
}

function load(name: TestKeyName): TestKey {
  const { kid, algorithm, privateJwk } = fixedKeys[name]
  const privateKey = createPrivateKey({ key: { ...privateJwk }, format: 'jwk' })
  const publicKey = createPublicKey(privateKey)
  const labels = { kid, alg: algorithm, use: algorithm === 'RSA-OAEP' ? 'enc' : 'sig' }
  return {
    kid,
    algorithm,
    privateKey,
    publicKey,
    publicJwk: { ...publicKey.export({ format: 'jwk' }), ...labels },
    privateJwk: { ...privateJwk, ...labels },
  }
}
