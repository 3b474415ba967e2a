import type { SignatureAlgorithm } from '../algorithms.ts'
import { refuse, type TokenErrorDetails } from '../token-error.ts'
import { VerifierUnavailableError } from '../unavailable-error.ts'
import type { VerifiedAccessToken } from '../verified-access-token.ts'
import type { DpopNonces } from './dpop-nonces.ts'
import { accessTokenHash, type ProofClaims, ProofReader } from './dpop-proof.ts'
import { MemoryProofReplays, type ProofReplayStore } from './proof-replays.ts'
import { isSameAddress } from './request-address.ts'

/** Settings for proofs of possession (RFC 9449). */
export interface DpopSettings {
  /** Algorithms of proofs. Default ES256, ES384, EdDSA, Ed25519, PS256. */
  readonly algorithms?: readonly SignatureAlgorithm[]
  /** How old a proof may be, in seconds, 1 to 300. Default 60. */
  readonly proofLifetimeSeconds?: number
  /** Remembers used proofs. Default: the memory of this process. */
  readonly replays?: ProofReplayStore
  /** Demands a nonce in every proof. Default: none demanded. See `createDpopNonces`. */
  readonly nonces?: DpopNonces
}

/** The request that a proof has to fit. */
export interface ProvenRequest {
  readonly method: string
  readonly url: string
  readonly dpopProof: string
  readonly token: VerifiedAccessToken
  readonly compactToken: string
  /** Thumbprint of the key that the token is bound to. */
  readonly thumbprint: string
  /** Seconds since the epoch. */
  readonly now: number
  /** Facts of the token, for refusals. */
  readonly details: TokenErrorDetails
}

/** How far ahead of this clock a proof may have been made, in seconds. */
const futureSeconds = 5

const defaultAlgorithms: readonly SignatureAlgorithm[] = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'PS256']

/** Checks proofs of possession, each in the order of RFC 9449 section 4.3. */
export class DpopCheck {
  readonly #reader: ProofReader
  readonly #lifetimeSeconds: number
  readonly #replays: ProofReplayStore
  readonly #nonces: DpopNonces | undefined
  readonly #tokenHashes = new WeakMap<VerifiedAccessToken, string>()

  /** @throws {TypeError} A setting is wrong. */
  constructor(settings: DpopSettings, clock: () => number) {
    const { algorithms = defaultAlgorithms, proofLifetimeSeconds = 60, replays, nonces } = settings
    if (!(proofLifetimeSeconds >= 1 && proofLifetimeSeconds <= 300))
      throw new TypeError('proofLifetimeSeconds must be 1 to 300')
    this.#reader = new ProofReader(algorithms)
    this.#lifetimeSeconds = proofLifetimeSeconds
    this.#replays = replays ?? new MemoryProofReplays(clock)
    this.#nonces = nonces
  }

  /**
   * @returns A promise only when the store of used proofs answers with one.
   * @throws {TokenError} `proof_…`, `nonce_required`, `nonce_stale`.
   */
  check(request: ProvenRequest): Promise<void> | undefined {
    const proof = this.#reader.read(request.dpopProof)
    const { claims, proofKey } = proof
    checkRequest(claims, request)
    this.#checkNonce(claims, request)
    this.#checkFreshness(claims, request)
    this.#checkBinding(claims, proofKey.thumbprint, request)
    // Stryker disable next-line all: a key that is not remembered is read again.
    this.#reader.remember(proof)
    return this.#checkReplay(claims, request)
  }

  #checkNonce({ nonce }: ProofClaims, { details }: ProvenRequest): void {
    if (this.#nonces === undefined) return
    const again = { ...details, dpopNonce: this.#nonces.current() }
    if (nonce === undefined) refuse('nonce_required', 'the DPoP proof must carry the nonce of this answer', again)
    if (!this.#nonces.accepts(nonce))
      refuse('nonce_stale', 'the nonce of the DPoP proof is too old; use that of this answer', again)
  }

  #checkFreshness({ iat }: ProofClaims, { now, details }: ProvenRequest): void {
    if (iat <= now + futureSeconds && iat >= now - this.#lifetimeSeconds) return
    refuse('proof_not_fresh', `"iat" of the DPoP proof must be in the last ${this.#lifetimeSeconds} seconds`, details)
  }

  #checkBinding({ ath }: ProofClaims, proofThumbprint: string, request: ProvenRequest): void {
    if (ath !== this.#hashOf(request)) {
      refuse('proof_token_mismatch', '"ath" of the DPoP proof must be the hash of this access token', request.details)
    }
    if (proofThumbprint !== request.thumbprint) {
      refuse(
        'proof_key_mismatch',
        'the access token is bound to another key than that of the DPoP proof',
        request.details,
      )
    }
  }

  /** A token that is remembered is the same object each time, so its hash is too. */
  #hashOf({ token, compactToken }: ProvenRequest): string {
    // Stryker disable all: a hash is the same whether it was remembered or reckoned anew.
    const known = this.#tokenHashes.get(token)
    if (known !== undefined) return known
    const hash = accessTokenHash(compactToken)
    this.#tokenHashes.set(token, hash)
    return hash
    // Stryker restore all
  }

  #checkReplay({ jti, iat }: ProofClaims, { thumbprint, details }: ProvenRequest): Promise<void> | undefined {
    const isNew = this.#replays.remember(`${thumbprint}.${jti}`, iat + this.#lifetimeSeconds)
    const refuseReplay = () => refuse('proof_replayed', 'the DPoP proof was used before', details)
    if (isNew === true) return undefined
    if (isNew === false) return refuseReplay()
    return isNew.then(
      (answer) => {
        if (answer !== true) refuseReplay()
      },
      (cause) => {
        throw new VerifierUnavailableError('the store of used DPoP proofs cannot be asked', 1, { cause })
      },
    )
  }
}

function checkRequest({ htm, htu }: ProofClaims, { method, url, details }: ProvenRequest): void {
  if (htm !== method) refuse('proof_method_mismatch', `"htm" of the DPoP proof must be ${method}`, details)
  if (!isSameAddress(htu, url)) refuse('proof_url_mismatch', `"htu" of the DPoP proof must be ${url}`, details)
}
