import { fetchMetadata } from './authorization-server-metadata.ts'
import { keepBytes, type UnverifiedToken } from './compact-token.ts'
import type { Fetch } from './fetch-document.ts'
import { KeySet, type KeySetSettings } from './key-set.ts'
import { OnlineQuestions } from './online/online-questions.ts'
import type { IssuerProfile } from './providers/issuer-profile.ts'
import { checkSecureAddress } from './secure-address.ts'
import { checkSignature } from './signature.ts'
import { refuse, TokenError } from './token-error.ts'
import type { VerificationKey } from './verification-key.ts'

/** An issuer whose tokens are accepted, with its keys at hand. */
export class TrustedIssuer {
  readonly profile: IssuerProfile
  readonly keySet: KeySet
  readonly questions: OnlineQuestions | undefined

  constructor(profile: IssuerProfile, settings: KeySetSettings, fetchFrom: Fetch) {
    const { issuer, algorithms, allowInsecureHttp } = profile
    const locate = async () =>
      checkSecureAddress(
        'jwks_uri',
        profile.jwksUri ?? (await findKeySet(issuer, settings, fetchFrom)),
        allowInsecureHttp,
      )
    this.profile = profile
    this.keySet = new KeySet({ issuer, locate, algorithms }, settings, fetchFrom)
    this.questions = profile.online && new OnlineQuestions(profile.online)
  }

  /**
   * Verifies the signature of a token with the one key it may be made with. A promise only if keys have to be fetched.
   *
   * @throws {TokenError} `algorithm_not_allowed`, `key_unknown`, `key_mismatch`, `signature_invalid`.
   * @throws {KeySetUnavailableError}
   */
  verifySignature(token: UnverifiedToken): VerificationKey | Promise<VerificationKey> {
    const { keyId, algorithm } = token.header
    const ring = this.keySet.current
    if (ring === undefined) return this.#verifySignatureLater(keepBytes(token))
    if (keyId === undefined) return this.#tryKeys(token, ring.onlyKeyFor(algorithm))
    const keys = ring.withId(keyId)
    if (keys.length > 0) return this.#tryKeys(token, keys)
    const loading = this.keySet.loadFor(keyId)
    if (loading === undefined) return refuseUnknownKey()
    const kept = keepBytes(token)
    return loading.then((newer) => this.#tryKeys(kept, newer.withId(keyId)))
  }

  async #verifySignatureLater(token: UnverifiedToken): Promise<VerificationKey> {
    await this.keySet.load()
    return this.verifySignature(token)
  }

  /** Tries the keys of that id which may have made this signature: mostly there is one. */
  #tryKeys(token: UnverifiedToken, keys: readonly VerificationKey[]): VerificationKey | Promise<VerificationKey> {
    if (keys.length === 0) refuseUnknownKey()
    const [key, ...others] = keys.filter((each) => this.#maySign(each, token))
    if (key === undefined) {
      return refuse('key_mismatch', 'the key with the "kid" of this token is for another "alg" or issuer')
    }
    const isRight = checkSignature(key, token.signed, token.signature)
    if (isRight === true) return key
    if (isRight === false) return this.#tryOthers(token, others)
    const kept = keepBytes(token)
    return isRight.then((answer) => (answer ? key : this.#tryOthers(kept, others)))
  }

  #tryOthers(token: UnverifiedToken, others: readonly VerificationKey[]): VerificationKey | Promise<VerificationKey> {
    if (others.length > 0) return this.#tryKeys(token, others)
    return refuse('signature_invalid', 'the signature does not fit the key that the token names')
  }

  #maySign(key: VerificationKey, { header, claims }: UnverifiedToken): boolean {
    const { isKeyFor } = this.profile
    if (key.algorithm !== header.algorithm) return false
    return key.issuer === undefined || isKeyFor === undefined || isKeyFor(key.issuer, claims)
  }
}

/** @throws {TokenError} `key_unknown` */
export function refuseUnknownKey(): never {
  throw unknownKeyError()
}

/** The refusal, for one who does not throw it. */
export function unknownKeyError(): TokenError {
  return new TokenError('key_unknown', 'no key of the issuer has the "kid" of this token')
}

async function findKeySet(issuer: string, settings: KeySetSettings, fetchFrom: Fetch): Promise<string> {
  const { jwks_uri: address } = await fetchMetadata(issuer, settings, fetchFrom)
  if (typeof address !== 'string') throw new Error('its metadata names no jwks_uri')
  return address
}
