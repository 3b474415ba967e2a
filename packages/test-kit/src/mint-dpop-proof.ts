import { createHash } from 'node:crypto'
import { assembleToken, encodePart } from './assemble-token.ts'
import { frozenNow } from './frozen-clock.ts'
import { type TestKey, testKeys } from './test-keys.ts'

/** How a DPoP proof is minted (RFC 9449 section 4.2). */
export interface DpopProofOptions {
  /** HTTP method of the request. */
  readonly method: string
  /** Address of the request, without query and fragment. */
  readonly url: string
  /** The access token it goes with; gives `ath`. */
  readonly accessToken?: string
  /** The nonce that the server asked for (RFC 9449 section 9). */
  readonly nonce?: string
  /** Default `testKeys.client`. */
  readonly key?: TestKey
  /** Issued at, in seconds since the epoch. Default {@link frozenNow}. */
  readonly now?: number
  /** Default: another one for each proof. */
  readonly tokenId?: string
  /** Put over the header; `undefined` takes a member out. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Put over the claims; `undefined` takes a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Breaks the proof in one named way; see {@link dpopFaults}. */
  readonly fault?: DpopFaultName
}

/** One way to break a proof. */
export interface DpopFault {
  /** What a resource server must do, to be read after "it". */
  readonly rule: string
  /** Where the rule is written. */
  readonly source: string
  readonly apply: (proof: UnsignedProof) => string
}

/** Names of the faults. */
export type DpopFaultName = keyof typeof dpopFaults

/** A proof before it is signed. */
export interface UnsignedProof {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  readonly key: TestKey
}

/** Mints a DPoP proof, valid unless told otherwise. */
export function mintDpopProof(options: DpopProofOptions): string {
  const { method, url, accessToken, nonce, key = testKeys.client, now = frozenNow } = options
  const { tokenId = `proof-${proofCount++}` } = options
  const claims = {
    jti: tokenId,
    htm: method,
    htu: url,
    iat: now,
    ath: accessToken === undefined ? undefined : sha256(accessToken),
    nonce,
    ...options.claims,
  }
  const header = { typ: 'dpop+jwt', alg: key.algorithm, jwk: bareJwk(key), ...options.header }
  const proof = { header, claims, key }
  return options.fault === undefined ? signProof(proof) : dpopFaults[options.fault].apply(proof)
}

/**
 * The `cnf` claim that binds an access token to a key (RFC 9449 section 6.1, RFC 7638 thumbprint).
 *
 * @param key Default `testKeys.client`, which also signs the proofs.
 */
export function dpopConfirmation(key: TestKey = testKeys.client): { jkt: string } {
  const { crv, e, kty, n, x, y } = key.publicJwk
  return { jkt: sha256(JSON.stringify({ crv, e, kty, n, x, y })) }
}

/** The ways in which `mintDpopProof({ fault })` breaks a proof: one thing changed each (RFC 9449 section 4.3). */
export const dpopFaults = {
  foreignType: changedHeader('rejects a proof whose typ is not dpop+jwt', 'check 4', () => ({ typ: 'JWT' })),
  withoutType: changedHeader('rejects a proof without typ', 'check 4', () => ({ typ: undefined })),
  withoutKey: changedHeader('rejects a proof without jwk', 'check 3', () => ({ jwk: undefined })),
  privateKeyInside: changedHeader('rejects a proof that holds a private key', 'check 7', ({ key }) => ({
    jwk: key.privateJwk,
  })),
  foreignKeyInside: changedHeader('rejects a proof that another key signed', 'check 6', () => ({
    jwk: bareJwk(testKeys.otherClient),
  })),
  symmetricKeyInside: changedHeader('rejects a proof with a symmetric key', 'check 5', () => ({
    alg: 'HS256',
    jwk: { kty: 'oct', k: 'AAAA' },
  })),
  unknownCriticalHeader: changedHeader('rejects a critical header member that it does not know', 'RFC 7515', () => ({
    crit: ['urn:example:rule'],
    'urn:example:rule': 1,
  })),
  algorithmNone: {
    rule: 'rejects a proof with alg none',
    source: 'RFC 9449 section 4.3, check 5',
    apply: ({ header, claims }) => `${encodePart({ ...header, alg: 'none' })}.${encodePart(claims)}.`,
  },
  flippedSignatureBit: {
    rule: 'rejects a proof with a changed signature',
    source: 'RFC 9449 section 4.3, check 6',
    apply: (proof) => {
      const compact = signProof(proof)
      return `${compact.slice(0, -10)}${compact.at(-10) === 'A' ? 'B' : 'A'}${compact.slice(-9)}`
    },
  },
  notAToken: {
    rule: 'rejects a proof that is no JWT',
    source: 'RFC 9449 section 4.3, check 2',
    apply: () => 'proof',
  },
  twoProofs: {
    rule: 'rejects two proofs in one header',
    source: 'RFC 9449 section 4.3, check 1',
    apply: (proof) => `${signProof(proof)}, ${signProof(proof)}`,
  },
  withoutTokenId: changedClaims('rejects a proof without jti', 'check 3', () => ({ jti: undefined })),
  emptyTokenId: changedClaims('rejects a proof with an empty jti', 'check 3', () => ({ jti: '' })),
  numericTokenId: changedClaims('rejects a jti that is not a string', 'check 3', () => ({ jti: 7 })),
  withoutMethod: changedClaims('rejects a proof without htm', 'check 3', () => ({ htm: undefined })),
  otherMethod: changedClaims('rejects a proof for another method', 'check 8', () => ({ htm: 'DELETE' })),
  methodInOtherCase: changedClaims('rejects a method in another case', 'check 8', ({ claims }) => ({
    htm: String(claims.htm).toLowerCase(),
  })),
  withoutUrl: changedClaims('rejects a proof without htu', 'check 3', () => ({ htu: undefined })),
  otherPath: changedClaims('rejects a proof for another path', 'check 9', ({ claims }) => ({
    htu: `${claims.htu}/other`,
  })),
  otherHost: changedClaims('rejects a proof for another host', 'check 9', () => ({
    htu: 'https://attacker.example/mcp',
  })),
  otherScheme: changedClaims('rejects a proof for another scheme', 'check 9', ({ claims }) => ({
    htu: String(claims.htu).replace(/^https?/, (scheme) => (scheme === 'https' ? 'http' : 'https')),
  })),
  withoutTime: changedClaims('rejects a proof without iat', 'check 3', () => ({ iat: undefined })),
  timeAsString: changedClaims('rejects an iat that is not a number', 'check 3', ({ claims }) => ({
    iat: String(claims.iat),
  })),
  tooOld: changedClaims('rejects a proof of an hour ago', 'check 11', ({ claims }) => ({
    iat: Number(claims.iat) - 3600,
  })),
  fromTheFuture: changedClaims('rejects a proof from the future', 'check 11', ({ claims }) => ({
    iat: Number(claims.iat) + 3600,
  })),
  withoutTokenHash: changedClaims('rejects a proof without ath', 'check 12', () => ({ ath: undefined })),
  otherTokenHash: changedClaims('rejects a proof made for another access token', 'check 12', () => ({
    ath: sha256('other'),
  })),
} satisfies Record<string, DpopFault>

type Changes = Readonly<Record<string, unknown>>

let proofCount = 0

function changedHeader(rule: string, check: string, changes: (proof: UnsignedProof) => Changes): DpopFault {
  return {
    rule,
    source: sourceOf(check),
    apply: (proof) => signProof({ ...proof, header: { ...proof.header, ...changes(proof) } }),
  }
}

function changedClaims(rule: string, check: string, changes: (proof: UnsignedProof) => Changes): DpopFault {
  return {
    rule,
    source: sourceOf(check),
    apply: (proof) => signProof({ ...proof, claims: { ...proof.claims, ...changes(proof) } }),
  }
}

function sourceOf(check: string): string {
  return check.startsWith('RFC') ? `${check} section 4.1.11` : `RFC 9449 section 4.3, ${check}`
}

function signProof({ header, claims, key }: UnsignedProof): string {
  return assembleToken({ header, payload: claims, key })
}

function bareJwk({ publicJwk: { kid, alg, use, ...jwk } }: TestKey): Changes {
  return jwk
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
