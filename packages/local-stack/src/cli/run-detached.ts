import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { KeycloakChoice } from '../keycloak/choose-runner.ts'
import type { Trust } from '../parts.ts'
import { lastLines, openFreshLog } from '../process/log-file.ts'
import { printProgress } from '../progress/print-progress.ts'
import type { ProgressEvent } from '../progress/progress.ts'
import { StackError, type StackErrorDetails } from '../stack-error.ts'
import type { StackFile } from '../stack-file.ts'
import { makeStackFolder, type StackFolder } from '../stack-folder.ts'
import { describeStack } from '../summary.ts'
import { type DevFlags, trustOf } from './dev-command.ts'

/** What the detached main process is told. */
export interface DetachedOrder {
  keycloak: KeycloakChoice
  reset: boolean
  directory: string
  trust: Trust
  replicas: number | undefined
}

/** What the detached main process tells the terminal that started it. */
export type DetachedReport =
  | { kind: 'progress'; event: ProgressEvent }
  | { kind: 'ready'; file: StackFile }
  | { kind: 'failed'; message: string; details: Pick<StackErrorDetails, 'nextStep' | 'logFile' | 'lastLogLines'> }

const mainFile = fileURLToPath(new URL('./detached-main.ts', import.meta.url))

/**
 * Starts the stack in a session of its own and returns when it is ready.
 *
 * @throws {StackError} The stack did not become ready; carries the failing part's last log lines.
 */
export async function runDetached(flags: DevFlags, folder: StackFolder): Promise<void> {
  makeStackFolder(folder)
  const logFile = join(folder.logs, 'stack.log')
  const log = openFreshLog(logFile)
  const order: DetachedOrder = {
    keycloak: flags.keycloak,
    reset: flags.reset ?? false,
    directory: folder.root,
    trust: trustOf(flags),
    replicas: flags.replicas,
  }
  const main = spawn(process.execPath, [mainFile, JSON.stringify(order)], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  })
  closeSync(log)
  const printer = printProgress(process.stdout)
  const file = await new Promise<StackFile>((resolve, reject) => {
    main.on('message', (report: DetachedReport) => {
      if (report.kind === 'progress') printer.tell(report.event)
      if (report.kind === 'ready') resolve(report.file)
      if (report.kind === 'failed') reject(new StackError(report.message, report.details))
    })
    main.once('error', reject)
    main.once('exit', (code) =>
      reject(
        new StackError(`the main process ended with exit code ${code}`, { logFile, lastLogLines: lastLines(logFile) }),
      ),
    )
  }).finally(() => printer.end())
  main.disconnect()
  main.unref()
  console.log(`\n${describeStack(file)}\nStop it with pnpm dev --stop.`)
}
