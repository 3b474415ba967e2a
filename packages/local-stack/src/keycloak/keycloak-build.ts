import { createHash } from 'node:crypto'
import { constants, existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { keycloakBuildOptions, keycloakVersion } from '@mcp-identity/keycloak-realm'
import { waitForLock } from '../process/file-lock.ts'
import type { RunRecord } from '../process/run-record.ts'
import { runKept } from '../process/running-process.ts'
import { type TellProgress, trackPart } from '../progress/progress.ts'
import type { MachineSettings } from '../settings.ts'
import type { Java } from './java.ts'
import { keycloakArguments } from './keycloak-command.ts'
import { type Distribution, findDistribution } from './keycloak-distribution.ts'
import { unzipWithoutTopFolder } from './unzip.ts'

export interface BuildContext {
  settings: MachineSettings
  java: Java
  logFile: string
  record: RunRecord
  tell: TellProgress
  signal: AbortSignal
}

/**
 * Makes sure that a Keycloak with our build options lies in the cache, shared by all checkouts of this person.
 *
 * Built once per version, options and `KEYCLOAK_HOME`, one process at a time, in a folder that gets its name only when
 * the build is done. `KEYCLOAK_HOME` itself is copied and never written to.
 *
 * @returns The folder. Nothing in it changes any more.
 * @throws {StackError} No distribution could be had, or the build failed.
 */
export async function prepareKeycloak(context: BuildContext): Promise<string> {
  const { cacheFolder } = context.settings
  const home = join(cacheFolder, homeName(context.settings))
  if (existsSync(home)) return home
  mkdirSync(cacheFolder, { recursive: true, mode: 0o700 })
  const lock = await trackWait(context, cacheFolder)
  try {
    if (!existsSync(home)) await buildInto(home, context)
    return home
  } finally {
    lock.release()
  }
}

/** Names the build after everything that decides what comes out of it. */
function homeName({ keycloakHome }: MachineSettings): string {
  const origin = keycloakHome === undefined ? '' : existsSync(keycloakHome) ? realpathSync(keycloakHome) : keycloakHome
  const key = createHash('sha256')
    .update(JSON.stringify([keycloakVersion, keycloakBuildOptions, origin]))
    .digest('hex')
  return `keycloak-${keycloakVersion}-${key.slice(0, 12)}`
}

function trackWait({ tell, signal }: BuildContext, cacheFolder: string): Promise<{ release(): void }> {
  return waitForLock(join(cacheFolder, 'lock'), {
    signal,
    onWait: ({ pid }) =>
      tell({ kind: 'notice', text: `Another start (process ${pid}) prepares Keycloak; waiting for it.` }),
  })
}

const draftPrefix = '.building-'

async function buildInto(home: string, context: BuildContext): Promise<void> {
  const { settings, tell, signal } = context
  removeDrafts(settings.cacheFolder)
  const draft = join(settings.cacheFolder, `${draftPrefix}${process.pid}`)
  const distribution = await trackPart({ tell, signal }, 'Keycloak download', (detail) =>
    findDistribution(settings, detail, signal),
  )
  try {
    await trackPart({ tell, signal }, 'Keycloak build', async (detail) => {
      detail('once for all checkouts')
      await unpack(distribution, draft, signal)
      await build(draft, context)
    })
    renameSync(draft, home)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

async function unpack(distribution: Distribution, folder: string, signal: AbortSignal): Promise<void> {
  mkdirSync(folder, { mode: 0o700 })
  if (distribution.kind === 'zip') return unzipWithoutTopFolder(distribution.path, folder, signal)
  const wanted = ['bin', 'conf', 'lib', 'providers', 'themes', 'version.txt']
  for (const name of readdirSync(distribution.path).filter((entry) => wanted.includes(entry))) {
    await cp(join(distribution.path, name), join(folder, name), { recursive: true, mode: constants.COPYFILE_FICLONE })
  }
}

function build(home: string, { java, settings, logFile, record, signal }: BuildContext): Promise<void> {
  return runKept(
    {
      name: 'Keycloak build',
      command: java.command,
      args: keycloakArguments(home, ['build', ...keycloakBuildOptions]),
      environment: settings.environment,
      folder: home,
      logFile,
    },
    record,
    signal,
  )
}

/** The lock is ours, so a draft that lies here belongs to a start that was killed. */
function removeDrafts(cacheFolder: string): void {
  for (const name of readdirSync(cacheFolder)) {
    if (name.startsWith(draftPrefix)) rmSync(join(cacheFolder, name), { recursive: true, force: true })
  }
}
