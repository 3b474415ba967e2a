/** Error codes of RFC 8935 section 2.4, which the other receivers use as well, and one of SSF 1.0 section 8.1.4.1. */
export type SignalErrorCode =
  | 'invalid_request'
  | 'invalid_key'
  | 'invalid_issuer'
  | 'invalid_audience'
  | 'authentication_failed'
  | 'access_denied'
  | 'invalid_state'

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

/** The signal was taken in before. A second time it has no effect; where acknowledgements get lost, it is to be acknowledged. */
export class ReplayedSignalError extends RefusedSignalError {
  constructor() {
    super('invalid_request', 'this message was received before')
    this.name = 'ReplayedSignalError'
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
