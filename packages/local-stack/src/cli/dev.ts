import { resolve } from 'node:path'
import { readSettings } from '../settings.ts'
import { stackFolderAt } from '../stack-folder.ts'
import { describeStatus, readStatus } from '../stack-status.ts'
import { type StopOutcome, stopStack } from '../stop-stack.ts'
import { type DevFlags, devCommand } from './dev-command.ts'
import { runCommand } from './run-command.ts'
import { runDetached } from './run-detached.ts'
import { runInForeground } from './run-in-foreground.ts'

// A reader that leaves early, as in `pnpm dev | head`, must not end the stack without stopping its parts.
process.stdout.on('error', () => {})
await runCommand(devCommand(runDev), 1)

async function runDev(flags: DevFlags): Promise<void> {
  const folder = stackFolderAt(resolve(flags.directory))
  if (flags.stop) return console.log(describeStop(await stopStack(folder)))
  if (flags.status) {
    const status = readStatus(folder)
    console.log(describeStatus(status))
    process.exitCode = status.outcome === 'ready' ? 0 : 1
    return
  }
  const settings = readSettings(process.env)
  return flags.detach ? runDetached(flags, folder) : runInForeground(flags, folder, settings)
}

function describeStop(stop: StopOutcome): string {
  if (stop.outcome === 'stopped') return `Stopped in ${(stop.elapsedMs / 1000).toFixed(1)} s.`
  if (stop.outcome === 'nothing-runs') return 'Nothing runs here.'
  return `The stack had been killed. Ended what it left behind: ${stop.names.join(', ')}.`
}
