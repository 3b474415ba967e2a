import { createPublicKey } from 'node:crypto'
import { readVectors } from './vector-folder.ts'
import { isBareSignatureRight, isJwsRight } from './verify-jws.ts'

/** One published case: what it says should come out, and what comes out here. */
export interface PublishedVector {
  /** File and number, stable across runs. */
  readonly id: string
  readonly comment: string
  readonly isValid: boolean
  readonly accept: () => boolean
  /** The compact form, where there is one, to be tried on the whole verifier too. */
  readonly compact: string | undefined
}

type Json = Readonly<Record<string, unknown>>

interface WycheproofGroup extends Json {
  readonly tests: readonly WycheproofTest[]
}

interface WycheproofTest extends Json {
  readonly tcId: number
  readonly comment: string
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

/** Files of signed and of encrypted tokens in compact or, to be refused, in JSON form. */
const tokenFiles = [
  'json_web_signature_test',
  'json_web_key_test',
  'json_web_crypto_test',
  'json_web_encryption_test',
] as const

/** Files of bare signatures, with the algorithm that a JWK for them would name. */
const signatureFiles = {
  ecdsa_secp256r1_sha256_p1363_test: 'ES256',
  ecdsa_secp384r1_sha384_p1363_test: 'ES384',
  ecdsa_secp521r1_sha512_p1363_test: 'ES512',
  ed25519_test: 'EdDSA',
  rsa_pss_2048_sha256_mgf1_32_test: 'PS256',
} as const

/** Compact signed tokens of RFC 7520 section 4 and RFC 8037 appendix A. */
const cookbookFiles = {
  '4_1': ['jws', '4_1.rsa_v15_signature.json'],
  '4_2': ['jws', '4_2.rsa-pss_signature.json'],
  '4_3': ['jws', '4_3.ecdsa_signature.json'],
  '4_4': ['jws', '4_4.hmac-sha2_integrity_protection.json'],
  ed25519: ['curve25519', 'jws.json'],
} as const

/** Reads every published vector that is about tokens, signatures or keys. */
export function publishedVectors(): PublishedVector[] {
  return [
    ...tokenFiles.flatMap(tokenVectors),
    ...Object.entries(signatureFiles).flatMap(([file, algorithm]) => signatureVectors(file, algorithm)),
    ...Object.entries(cookbookFiles).map(([number, path]) => cookbookVector(number, path)),
  ]
}

function wycheproof(file: string): readonly WycheproofGroup[] {
  return (readVectors('wycheproof', `${file}.json`) as { testGroups: readonly WycheproofGroup[] }).testGroups
}

function tokenVectors(file: string): PublishedVector[] {
  return wycheproof(file).flatMap((group) => group.tests.map((test) => tokenVector(file, group, test)))
}

function tokenVector(
  file: string,
  group: WycheproofGroup,
  { tcId, comment, result, jws, jwe }: WycheproofTest,
): PublishedVector {
  const keySet = keySetOf((group.public ?? group.private) as Json)
  const token = jws ?? jwe
  return {
    id: `${file} ${tcId}`,
    comment: `${group.comment}: ${comment}`,
    isValid: result === 'valid',
    accept: () => isJwsRight(token, keySet),
    compact: typeof token === 'string' ? token : JSON.stringify(token),
  }
}

function keySetOf(keys: Json): Json {
  return 'keys' in keys ? keys : { keys: [keys] }
}

function signatureVectors(file: string, algorithm: string): PublishedVector[] {
  return wycheproof(file).flatMap((group) => {
    const jwk = { ...jwkOf(group), alg: algorithm }
    return group.tests.map(({ tcId, comment, result, msg, sig }) => ({
      id: `${file} ${tcId}`,
      comment,
      isValid: result === 'valid',
      accept: () => isBareSignatureRight(jwk, Buffer.from(String(msg), 'hex'), Buffer.from(String(sig), 'hex')),
      compact: undefined,
    }))
  })
}

function jwkOf({ publicKeyJwk, publicKeyPem }: WycheproofGroup): Json {
  if (publicKeyJwk !== undefined) return publicKeyJwk as Json
  return createPublicKey(String(publicKeyPem)).export({ format: 'jwk' }) as Json
}

function cookbookVector(number: string, path: readonly string[]): PublishedVector {
  const { title, input, output } = readVectors('jose-cookbook', ...path) as {
    title: string
    input: { key: Json }
    output: { compact: string }
  }
  return {
    id: `cookbook ${number}`,
    comment: title,
    isValid: true,
    accept: () => isJwsRight(output.compact, { keys: [withoutPrivateMembers(input.key)] }),
    compact: output.compact,
  }
}

/** The cookbook prints private keys; a key set has their public halves. */
function withoutPrivateMembers({ d, p, q, dp, dq, qi, ...publicMembers }: Json): Json {
  return publicMembers
}
