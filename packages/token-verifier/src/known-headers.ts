import type { KnownHeaders } from './compact-token.ts'
import { ownCopy } from './own-copy.ts'
import type { TokenHeader } from './token-header.ts'

/** An issuer's tokens share a handful of headers; this many are remembered. */
const maxHeaders = 256

/**
 * Remembers headers by their encoded form, so that each is read once. Only headers of verified tokens are added:
 * nobody can fill it without the issuer's key.
 */
export class VerifiedHeaders implements KnownHeaders {
  readonly #headers = new Map<string, TokenHeader>()
  #last: { readonly encoded: string; readonly header: TokenHeader } | undefined

  get(encoded: string): TokenHeader | undefined {
    // Mostly it is the same as before, and comparing is cheaper than looking up.
    // Stryker disable next-line ConditionalExpression: looking up finds the same.
    return this.#last?.encoded === encoded ? this.#last.header : this.#headers.get(encoded)
  }

  add(compactToken: string, header: TokenHeader): void {
    const encoded = compactToken.slice(0, compactToken.indexOf('.'))
    if (this.#headers.size >= maxHeaders) this.#headers.clear()
    const copy = ownCopy(encoded)
    this.#headers.set(copy, header)
    this.#last = { encoded: copy, header }
  }
}
