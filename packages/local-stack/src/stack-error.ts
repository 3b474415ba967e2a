/** What a person needs to know when the stack cannot do what was asked. */
export interface StackErrorDetails {
  /** What to do about it, as one sentence. */
  nextStep?: string
  /** The log of the part that failed. */
  logFile?: string
  /** The last lines of that log. */
  lastLogLines?: string[]
  cause?: unknown
}

/** The stack cannot do what was asked. The message says what was expected; it never holds a secret. */
export class StackError extends Error {
  override readonly name = 'StackError'
  readonly nextStep: string | undefined
  readonly logFile: string | undefined
  readonly lastLogLines: string[]

  constructor(message: string, details: StackErrorDetails = {}) {
    super(message, { cause: details.cause })
    this.nextStep = details.nextStep
    this.logFile = details.logFile
    this.lastLogLines = details.lastLogLines ?? []
  }

  /** The same error in other words. */
  withMessage(message: string): StackError {
    const { nextStep, logFile, lastLogLines } = this
    return new StackError(message, {
      cause: this,
      lastLogLines,
      ...(nextStep === undefined ? {} : { nextStep }),
      ...(logFile === undefined ? {} : { logFile }),
    })
  }
}

/** Says an error in the lines that a terminal shows: what happened, the last log lines, the next step. */
export function describeError(error: unknown): string {
  if (!(error instanceof StackError)) return error instanceof Error ? (error.stack ?? error.message) : String(error)
  return [
    error.message,
    ...(error.lastLogLines.length > 0 ? ['', ...error.lastLogLines.map((line) => `  | ${line}`)] : []),
    ...(error.logFile === undefined ? [] : ['', `The whole log: ${error.logFile}`]),
    ...(error.nextStep === undefined ? [] : ['', error.nextStep]),
  ].join('\n')
}
