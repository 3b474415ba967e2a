import { refuse } from './token-error.ts'
import type { TrustedIssuer } from './trusted-issuer.ts'

/** Finds the issuer of a token before any key is chosen. */
export class IssuerRoutes {
  readonly #byIssuer = new Map<unknown, TrustedIssuer>()
  readonly #issuers: readonly TrustedIssuer[]
  /** Those whose access tokens are signed. */
  readonly #signing: readonly TrustedIssuer[]

  /** @throws {TypeError} Two of the issuers answer to the same `iss`. */
  constructor(issuers: readonly TrustedIssuer[]) {
    this.#issuers = issuers
    this.#signing = issuers.filter(({ profile }) => profile.hasSignedTokens)
    for (const issuer of issuers) {
      for (const iss of issuer.profile.issuers) {
        if (this.#byIssuer.has(iss)) throw new TypeError(`issuers must not name ${iss} twice`)
        this.#byIssuer.set(iss, issuer)
      }
    }
  }

  /**
   * True when no issuer has the key and none may be asked again: spares the reading of claims while key ids are made up.
   */
  isKeyUnknown(keyId: string | undefined): boolean {
    if (keyId === undefined || this.#signing.length === 0) return false
    for (const { keySet } of this.#signing) if (!keySet.isWithout(keyId)) return false
    return true
  }

  /**
   * The issuer of a signed token, by its `iss` character for character.
   *
   * @throws {TokenError} `issuer_unknown`, `tenant_not_allowed`; nothing of the claim is said, nothing is verified yet.
   */
  findByIssuer(iss: unknown): TrustedIssuer {
    const issuer = this.#byIssuer.get(iss)
    if (issuer !== undefined) return issuer
    if (typeof iss === 'string' && this.#issuers.some(({ profile }) => profile.isOtherTenant?.(iss) === true)) {
      refuse('tenant_not_allowed', 'the tenant of the token is not accepted here')
    }
    refuse('issuer_unknown', '"iss" must be an issuer that is trusted here')
  }

  /**
   * The issuer that can be asked about an opaque token.
   *
   * @throws {TokenError} `malformed`: there is none, so the token should have been a signed one.
   */
  findForOpaque(compactToken: string): TrustedIssuer {
    const issuer = this.#issuers.find(({ profile }) => profile.online?.takesOpaque(compactToken) === true)
    return issuer ?? refuse('malformed', 'the access token must be a compact JWS of three parts (RFC 7515 section 7.1)')
  }
}
