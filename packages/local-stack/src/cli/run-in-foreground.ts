import colour from 'picocolors'
import { printProgress } from '../progress/print-progress.ts'
import { readSettings } from '../settings.ts'
import type { StackFolder } from '../stack-folder.ts'
import { startStack } from '../start-stack.ts'
import { describeStack } from '../summary.ts'
import type { DevFlags } from './dev.ts'
import { exitCodeOf, stopSignals } from './stop-signals.ts'

/** Runs the stack until Ctrl-C, a stop from elsewhere, or the end of one of its parts. */
export async function runInForeground({ keycloak, reset = false }: DevFlags, { root }: StackFolder): Promise<void> {
  // A closed pipe, as after `pnpm dev | head`, must not end the stack without stopping its parts.
  process.stdout.on('error', () => {})
  const { signal, received } = stopSignals()
  const printer = printProgress(process.stdout)
  const stack = await startStack({
    settings: readSettings(process.env),
    directory: root,
    keycloak,
    reset,
    tell: printer.tell,
    signal,
  })
    .catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
    .finally(() => printer.end())
  if (stack === undefined) {
    process.exitCode = exitCodeOf(signal)
    return
  }
  console.log(`\n${describeStack(stack.file)}\n${colour.dim('Ctrl-C stops the stack.')}`)
  const failure = await Promise.race([received, stack.failed])
  await stack.stop()
  if (failure instanceof Error) throw failure
  console.log('Stopped.')
  process.exitCode = exitCodeOf(signal)
}
