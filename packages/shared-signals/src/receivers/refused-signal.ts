/** Error codes of RFC 8935 section 2.4, which the other receivers use as well. */
export type SignalErrorCode =
  | 'invalid_request'
  | 'invalid_key'
  | 'invalid_issuer'
  | 'invalid_audience'
  | 'authentication_failed'
  | 'access_denied'

/** A signal was refused and had no effect. The message is for the sender: it echoes nothing of what was sent. */
export class RefusedSignalError extends Error {
  readonly code: SignalErrorCode
  readonly status: number
  constructor(code: SignalErrorCode, message: string, status = 400) {
    super(message)
    this.name = 'RefusedSignalError'
    this.code = code
    this.status = status
  }
}

/** Something that a signal needs cannot be reached; the sender should try again. */
export class SignalDeferredError extends Error {
  readonly retryAfterSeconds = 2
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SignalDeferredError'
  }
}

/** Refuses the signal at hand. */
export function refuseSignal(code: SignalErrorCode, message: string, status?: number): never {
  throw new RefusedSignalError(code, message, status)
}
