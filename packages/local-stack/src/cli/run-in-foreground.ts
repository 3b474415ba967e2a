import colour from 'picocolors'
import { printProgress } from '../progress/print-progress.ts'
import type { MachineSettings } from '../settings.ts'
import type { StackFolder } from '../stack-folder.ts'
import { type Stack, startStack } from '../start-stack.ts'
import { describeStack } from '../summary.ts'
import { type DevFlags, trustOf } from './dev-command.ts'
import { exitCodeOf, type StopSignals, stopSignals } from './stop-signals.ts'

/** Runs the stack until Ctrl-C, a stop from elsewhere, or the end of one of its parts. */
export async function runInForeground(flags: DevFlags, folder: StackFolder, settings: MachineSettings): Promise<void> {
  const stopping = stopSignals()
  const stack = await startUnlessStopped(flags, folder, settings, stopping)
  if (stack !== undefined) {
    console.log(`\n${describeStack(stack.file)}\n${colour.dim('Ctrl-C stops the stack.')}`)
    const failure = await Promise.race([stopping.received, stack.failed])
    await stack.stop()
    if (failure instanceof Error) throw failure
    console.log('Stopped.')
  }
  process.exitCode = exitCodeOf(stopping.signal)
}

async function startUnlessStopped(
  flags: DevFlags,
  { root }: StackFolder,
  settings: MachineSettings,
  { signal }: StopSignals,
): Promise<Stack | undefined> {
  const { keycloak, reset = false, replicas } = flags
  const printer = printProgress(process.stdout)
  try {
    return await startStack({
      settings,
      directory: root,
      keycloak,
      reset,
      trust: trustOf(flags),
      replicas,
      tell: printer.tell,
      signal,
    })
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  } finally {
    printer.end()
  }
}
