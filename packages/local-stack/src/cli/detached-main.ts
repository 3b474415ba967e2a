/** The main process of a detached stack. Tells the terminal how the start goes; ends when told to, or when a part ends. */
import { readSettings } from '../settings.ts'
import { describeError, StackError } from '../stack-error.ts'
import { startStack } from '../start-stack.ts'
import type { DetachedOrder, DetachedReport } from './run-detached.ts'
import { stopSignals } from './stop-signals.ts'

await main(JSON.parse(process.argv[2] ?? '') as DetachedOrder)

async function main(order: DetachedOrder): Promise<void> {
  const { signal, received } = stopSignals()
  const terminalLeft = new AbortController()
  const leave = (): void => terminalLeft.abort(new Error('the terminal left before the stack was ready'))
  process.once('disconnect', leave)
  try {
    const stack = await startStack({
      settings: readSettings(process.env),
      ...order,
      tell: (event) => void report({ kind: 'progress', event }),
      signal: AbortSignal.any([signal, terminalLeft.signal]),
    })
    process.off('disconnect', leave)
    await report({ kind: 'ready', file: stack.file })
    const failure = await Promise.race([received, stack.failed])
    await stack.stop()
    if (failure instanceof Error) throw failure
  } catch (error) {
    if (signal.aborted) return void (await report(stoppedEarly))
    console.error(describeError(error))
    await report(asReport(error))
    process.exitCode = 1
  } finally {
    if (process.connected) process.disconnect()
  }
}

const stoppedEarly: DetachedReport = {
  kind: 'failed',
  message: 'the stack was stopped before it was ready',
  details: {},
}

function asReport(error: unknown): DetachedReport {
  if (!(error instanceof StackError)) return { kind: 'failed', message: describeError(error), details: {} }
  const { message, nextStep, logFile, lastLogLines } = error
  return {
    kind: 'failed',
    message,
    details: {
      lastLogLines,
      ...(nextStep === undefined ? {} : { nextStep }),
      ...(logFile === undefined ? {} : { logFile }),
    },
  }
}

/** Resolves when the message is on its way; the terminal may be gone. */
function report(message: DetachedReport): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) return resolve()
    process.send?.(message, undefined, undefined, () => resolve())
  })
}
