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
