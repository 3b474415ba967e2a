import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CompanyRealm } from '@mcp-identity/keycloak-realm'
import type { Addresses } from '../addresses.ts'
import type { Ports } from '../ports.ts'
import { waitUntilReady } from '../process/readiness.ts'
import type { RunRecord } from '../process/run-record.ts'
import { type RunningProcess, startKept } from '../process/running-process.ts'
import { type TellProgress, trackPart } from '../progress/progress.ts'
import { keycloakEnvironment } from '../realm.ts'
import type { Secrets } from '../secrets.ts'
import { resetAdvice, type StackFolder } from '../stack-folder.ts'
import {
  type DatabaseOrigin,
  type DatabasePlan,
  dataFolderOf,
  fingerprint,
  layOutImport,
  markImported,
  planDatabase,
} from './keycloak-database.ts'
import { type KeycloakRunner, startCommand, truststoreName } from './keycloak-runner.ts'

export interface KeycloakContext {
  runner: KeycloakRunner
  folder: StackFolder
  ports: Ports
  addresses: Addresses
  secrets: Secrets
  realms: readonly CompanyRealm[]
  /** PEM file of a CA that Keycloak trusts beside those of Java. */
  trustedCaFile?: string | undefined
  record: RunRecord
  tell: TellProgress
  signal: AbortSignal
  /** Told as soon as the process exists, so that it can be stopped whatever comes next. */
  onStarted(running: RunningProcess): void
}

/** An import fills an empty database, which takes three times as long as a start. */
const readyTimeoutMs = 300_000

/**
 * Starts Keycloak with the realms of the code.
 *
 * The database of the run before is kept while the code, the addresses and the secrets are the same; otherwise it is
 * emptied and the realm imported anew.
 *
 * @throws {StackError} Keycloak ended or did not become ready; carries its last log lines.
 */
export async function startKeycloak(context: KeycloakContext): Promise<DatabasePlan> {
  const origin = databaseOrigin(context)
  const plan = planDatabase(context.folder.keycloak, origin)
  await trackPart(context, 'Keycloak', async (detail) => {
    detail(`${context.addresses.keycloak}  (${context.runner.description}${explain(plan)})`)
    if (plan.outcome === 'import') {
      const realms = context.realms.map((realm) => ({ name: String(realm.realm), json: JSON.stringify(realm) }))
      layOutImport(context.folder.keycloak, realms)
    }
    if (context.trustedCaFile !== undefined)
      copyFileSync(context.trustedCaFile, join(dataFolderOf(context.folder.keycloak), truststoreName))
    const running = await launch(context, plan)
    await waitUntilReady(
      running,
      { url: context.addresses.keycloakReadiness, timeoutMs: readyTimeoutMs },
      context.signal,
    )
    markImported(context.folder.keycloak, origin)
  })
  return plan
}

async function launch({ runner, folder, ...context }: KeycloakContext, plan: DatabasePlan): Promise<RunningProcess> {
  const launch = runner.launch({
    dataFolder: dataFolderOf(folder.keycloak),
    command: startCommand(context, {
      importRealm: plan.outcome === 'import',
      trusts: context.trustedCaFile !== undefined,
    }),
    environment: keycloakEnvironment(context.secrets),
  })
  const running = await startKept(
    {
      name: 'Keycloak',
      ...launch,
      logFile: join(folder.logs, 'keycloak.log'),
      nextStep: resetAdvice,
      removeWithStack: [folder.stackFile],
    },
    context.record,
  )
  context.onStarted(running)
  return running
}

function databaseOrigin({ addresses, secrets, realms, ...context }: KeycloakContext): DatabaseOrigin {
  return {
    addresses: addresses.keycloak,
    secrets: secrets.fingerprint,
    server: fingerprint(startCommand({ addresses, ports: context.ports }, { importRealm: false })),
    realm: fingerprint(realms),
  }
}

function explain(plan: DatabasePlan): string {
  return plan.outcome === 'keep' ? '' : `, realm imported: ${plan.because}`
}
