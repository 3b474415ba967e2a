/** The event could not be made durable. The call it is about must not be answered (503); trying again may work. */
export class AuditUnavailableError extends Error {
  readonly retryAfterSeconds = 1

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AuditUnavailableError'
  }
}

/** The log at this path is held by another writer, or is damaged in a way that only a person should repair. */
export class AuditLogError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AuditLogError'
  }
}
