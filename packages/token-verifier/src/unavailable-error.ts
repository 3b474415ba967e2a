/**
 * Something that verification depends on could not be reached, so nothing can be said about the token: answer 503
 * with `Retry-After`, never 401. Not a {@link TokenError}.
 */
export class VerifierUnavailableError extends Error {
  override readonly name: string = 'VerifierUnavailableError'
  /** When asking again may help, in whole seconds, at least 1. */
  readonly retryAfterSeconds: number

  constructor(message: string, retryAfterSeconds: number, options?: ErrorOptions) {
    super(message, options)
    this.retryAfterSeconds = Math.max(1, Math.ceil(retryAfterSeconds))
  }
}

/** The issuer's key set (or the metadata that names it) could not be fetched, and what is known is too old or lacks the key. */
export class KeySetUnavailableError extends VerifierUnavailableError {
  override readonly name = 'KeySetUnavailableError'
}

/** The issuer's introspection or tokeninfo endpoint could not be asked. */
export class IntrospectionUnavailableError extends VerifierUnavailableError {
  override readonly name = 'IntrospectionUnavailableError'
}
