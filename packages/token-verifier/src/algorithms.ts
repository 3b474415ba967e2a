/** Names of the algorithms that tokens may be signed with (RFC 7518 section 3.1, RFC 8037, RFC 9864). */
export type SignatureAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'EdDSA' | 'Ed25519'

/** One row: which keys an algorithm takes and what its signatures look like. */
export interface AlgorithmRow {
  /** EdDSA and Ed25519 are two names of one algorithm here; both have this one. */
  readonly name: Exclude<SignatureAlgorithm, 'Ed25519'>
  readonly keyType: 'RSA' | 'EC' | 'OKP'
  readonly curve: string | undefined
  readonly hash: 'sha256' | 'sha384' | undefined
  /** Bytes of a signature. `undefined` where the key decides. */
  readonly signatureBytes: number | undefined
  /** True when a signature is r and s side by side (RFC 7518 section 3.4). */
  readonly isPairOfIntegers: boolean
}

const rsa = {
  keyType: 'RSA',
  curve: undefined,
  hash: 'sha256',
  signatureBytes: undefined,
  isPairOfIntegers: false,
} as const
const eddsa: AlgorithmRow = {
  name: 'EdDSA',
  keyType: 'OKP',
  curve: 'Ed25519',
  hash: undefined,
  signatureBytes: 64,
  isPairOfIntegers: false,
}

/** HMAC algorithms and `none` are absent, so nothing can switch them on. */
const algorithms: ReadonlyMap<unknown, AlgorithmRow> = new Map<unknown, AlgorithmRow>([
  ['RS256', { name: 'RS256', ...rsa }],
  ['PS256', { name: 'PS256', ...rsa }],
  [
    'ES256',
    { name: 'ES256', keyType: 'EC', curve: 'P-256', hash: 'sha256', signatureBytes: 64, isPairOfIntegers: true },
  ],
  [
    'ES384',
    { name: 'ES384', keyType: 'EC', curve: 'P-384', hash: 'sha384', signatureBytes: 96, isPairOfIntegers: true },
  ],
  ['EdDSA', eddsa],
  ['Ed25519', eddsa],
])

/** The row of an algorithm, by the name in a header or key. `undefined` for every other value of any type. */
export function findAlgorithm(name: unknown): AlgorithmRow | undefined {
  return algorithms.get(name)
}

/** Every algorithm that can be allowed, strongest habits first where a key names none. */
export const supportedAlgorithms: readonly SignatureAlgorithm[] = Object.freeze([
  'RS256',
  'PS256',
  'ES256',
  'ES384',
  'EdDSA',
  'Ed25519',
])
