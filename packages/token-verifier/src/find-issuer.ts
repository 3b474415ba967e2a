import type { IssuerProfile } from './providers/issuer-profile.ts'
import { refuse } from './token-error.ts'

/** Finds the issuer of a token by its `iss`, before any key is chosen. */
export class IssuerRoutes<Issuer extends { readonly profile: IssuerProfile }> {
  readonly #byIssuer = new Map<unknown, Issuer>()

  /** @throws {TypeError} Two of the issuers answer to the same `iss`. */
  constructor(issuers: readonly Issuer[]) {
    for (const issuer of issuers) {
      for (const iss of issuer.profile.issuers) {
        if (this.#byIssuer.has(iss)) throw new TypeError(`issuers must not name ${iss} twice`)
        this.#byIssuer.set(iss, issuer)
      }
    }
  }

  /** @throws {TokenError} `issuer_unknown`; nothing of the claim is said, since nothing has been verified yet. */
  find(iss: unknown): Issuer {
    return this.#byIssuer.get(iss) ?? refuse('issuer_unknown', '"iss" must be an issuer that is trusted here')
  }
}
