/** How this process is asked to stop. */
export interface StopSignals {
  /** Aborts at the first request. */
  signal: AbortSignal
  /** Resolves at the first request. */
  received: Promise<void>
}

const exitCodes: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 130, SIGTERM: 0, SIGHUP: 129 }

/** Listens for Ctrl-C, SIGTERM and the closing of the terminal. Later requests are heard and change nothing. */
export function stopSignals(): StopSignals {
  const stop = new AbortController()
  const received = new Promise<void>((resolve) =>
    stop.signal.addEventListener('abort', () => resolve(), { once: true }),
  )
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort(name))
  return { signal: stop.signal, received }
}

/** The exit code that tells which request ended this process; a SIGTERM is an orderly stop. */
export function exitCodeOf({ reason }: AbortSignal): number {
  return exitCodes[reason as NodeJS.Signals] ?? 1
}

/**
 * The exit code for work that was asked to stop before its end, which is no success whoever asked; undefined where it failed
 * for another reason.
 *
 * @param error What the work threw: the reason of {@link StopSignals.signal}, or an `AbortError` because of it.
 */
export function exitCodeOfStopped(error: unknown): number | undefined {
  const reason = error instanceof Error && error.name === 'AbortError' ? error.cause : error
  const exitCode = exitCodes[reason as NodeJS.Signals]
  return exitCode === 0 ? 143 : exitCode
}
