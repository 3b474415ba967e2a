import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildRealm, buildWorkforceRealm, type CompanyRealm } from '@mcp-identity/keycloak-realm'
import { type Addresses, addressesAt } from '../addresses.ts'
import { openCorporateDirectory } from '../demo/corporate-directory.ts'
import { leaverProcessOf } from '../demo/leaver-process.ts'
import { chooseRunner } from '../keycloak/choose-runner.ts'
import { startKeycloak } from '../keycloak/start-keycloak.ts'
import { issuerOf, type NodePart, nodeParts, partData } from '../parts.ts'
import { choosePorts, type Ports } from '../ports.ts'
import { acquireLock } from '../process/file-lock.ts'
import { waitUntilReady } from '../process/readiness.ts'
import { endLeftovers, openRunRecord, type RunRecord } from '../process/run-record.ts'
import { type RunningProcess, startNode } from '../process/running-process.ts'
import type { TellProgress } from '../progress/progress.ts'
import { realmSettings } from '../realm.ts'
import { openSecrets, type Secrets } from '../secrets.ts'
import type { MachineSettings } from '../settings.ts'
import { StackError } from '../stack-error.ts'
import { findWorkspaceRoot, makeStackFolder, type StackFolder, stackFolderAt } from '../stack-folder.ts'
import { type CheckedRow, checkedRow, checkOf, tokenEndpointOf } from './checks.ts'
import { matrixPeople } from './people.ts'
import {
  type Cell,
  checks,
  limitOf,
  type MatrixReport,
  nameOf,
  providerOf,
  type Row,
  type RowReport,
  titleOf,
  trustOf,
  wayOf,
} from './row.ts'
import { openEmulatedDirectory, openKeycloakDirectory, type RowDirectory } from './row-directory.ts'

export interface MatrixOptions {
  settings: MachineSettings
  /** Where it keeps its files; one run at a time per folder. */
  directory: string
  rows: readonly Row[]
  tell?: TellProgress
  /** Told of each row as soon as it is done. */
  onRow?: (report: RowReport) => void
  /** Ends the run between two checks; what was started is stopped. */
  signal?: AbortSignal
}

/** The realm in which Keycloak keeps people itself, where it is the provider. */
const workforce = 'workforce'
const partTimeoutMs = 60_000

/**
 * Runs every check of every row. One Keycloak, with a realm for each row behind it, serves all; each row has an MCP
 * server and, unless Keycloak is the provider, a corporate IdP of its own, started for it and stopped after it.
 *
 * @throws {StackError} A part does not start. What a provider does wrong is in the report.
 */
export async function runMatrix({ rows, signal, onRow = () => {}, ...options }: MatrixOptions): Promise<MatrixReport> {
  const startedAt = performance.now()
  const base = await prepare({ ...options, signal: signal ?? new AbortController().signal })
  try {
    if (rows.some(needsKeycloak)) await startSharedKeycloak(base, rows)
    const reports: RowReport[] = []
    for (const row of rows) {
      if (signal?.aborted) break
      const report = await runRow(base, row)
      reports.push(report)
      onRow(report)
    }
    return {
      ok: reports.length === rows.length && reports.every(holds),
      seconds: Math.round((performance.now() - startedAt) / 1000),
      rows: reports,
    }
  } finally {
    await base.stop()
  }
}

/** Whether every cell passed or names the provider's own limit. */
function holds({ cells }: RowReport): boolean {
  return cells.every(({ outcome }) => outcome === 'passed' || outcome === 'limit')
}

interface Base {
  settings: MachineSettings
  workspaceRoot: string
  folder: StackFolder
  ports: Ports
  addresses: Addresses
  secrets: Secrets
  record: RunRecord
  tell: TellProgress
  signal: AbortSignal
  started: RunningProcess[]
  stop(): Promise<void>
}

async function prepare(
  options: Pick<MatrixOptions, 'settings' | 'directory' | 'tell'> & { signal: AbortSignal },
): Promise<Base> {
  const { settings, signal, tell = () => {} } = options
  const folder = stackFolderAt(options.directory)
  makeStackFolder(folder)
  const lock = acquireLock(folder.lock)
  if (lock.outcome === 'held')
    throw new StackError(`a run works here already (process ${lock.owner.pid})`, {
      nextStep: 'Wait for it, or name another folder with --directory.',
    })
  await endLeftovers(folder.runRecord)
  const { ports } = await choosePorts(settings.portBase)
  const started: RunningProcess[] = []
  return {
    settings,
    workspaceRoot: findWorkspaceRoot(),
    folder,
    ports,
    addresses: addressesAt(ports),
    secrets: await openSecrets(folder.secrets),
    record: openRunRecord(folder.runRecord),
    tell,
    signal,
    started,
    async stop() {
      await Promise.all(started.map((running) => running.stop()))
      await endLeftovers(folder.runRecord)
      lock.release()
    },
  }
}

/** Behind Keycloak, or Keycloak itself. */
function needsKeycloak({ provider, role }: Row): boolean {
  return role === 'corporate IdP' || provider === 'keycloak'
}

async function startSharedKeycloak(base: Base, rows: readonly Row[]): Promise<void> {
  const runner = await chooseRunner('auto', { ...base, logFile: join(base.folder.logs, 'keycloak-build.log') })
  const realms = rows.filter(needsKeycloak).map((row) => realmOf(base, row))
  const workforceRealm = rows.some(({ provider }) => provider === 'keycloak') ? [workforceOf(base)] : []
  await startKeycloak({
    ...base,
    runner,
    // The realm of Keycloak as the issuer is the one that stands behind another, too.
    realms: [...realms.filter(({ realm }) => realm !== workforce), ...workforceRealm],
    onStarted: (running) => base.started.push(running),
  })
}

/** Name of the realm that issues the access tokens of a row. */
function realmNameOf(row: Row): string {
  return row.role === 'issuer' ? workforce : `company-${wayOf(row)}`
}

function realmOf({ secrets, settings, addresses }: Base, row: Row): CompanyRealm {
  const { corporateIdp, adminResource } = rowAddresses(addresses, row)
  return buildRealm({
    ...realmSettings(addresses, secrets.serviceKey, settings.realmProfile, realmNameOf(row)),
    corporateIdp: {
      issuer: corporateIdp,
      adminResource,
      provider: providerOf(row),
      protocol: row.protocol ?? 'oidc',
    },
  })
}

function workforceOf({ secrets, settings, addresses }: Base): CompanyRealm {
  return buildWorkforceRealm(
    realmSettings(addresses, secrets.serviceKey, settings.realmProfile, workforce),
    Object.values(matrixPeople),
    [realmNameOf({ provider: 'keycloak', role: 'corporate IdP' })],
  )
}

/** The realm of the row, and Keycloak's own origin where Keycloak is the provider. */
function rowAddresses(addresses: Addresses, row: Row): Addresses {
  return {
    ...addresses,
    issuer: `${addresses.keycloak}/realms/${realmNameOf(row)}`,
    corporateIdp: row.provider === 'keycloak' ? addresses.keycloak : addresses.corporateIdp,
  }
}

async function runRow(base: Base, row: Row): Promise<RowReport> {
  const started: RunningProcess[] = []
  try {
    const checked = await startRow(base, row, started)
    const cells = await runChecks(checked, base.signal)
    await checked.close()
    return { ...row, title: titleOf(row), cells }
  } finally {
    await Promise.all(started.map((running) => running.stop()))
    for (const running of started) base.started.splice(base.started.indexOf(running), 1)
  }
}

async function startRow(base: Base, row: Row, started: RunningProcess[]): Promise<CheckedRow> {
  const { settings, ports, secrets } = base
  const addresses = rowAddresses(base.addresses, row)
  const folder = freshFolder(base, row)
  const trust = trustOf(row)
  const parts = nodeParts({ settings, ports, addresses, secrets, folder, trust, domainController: undefined }).filter(
    ({ name }) => name !== 'console',
  )
  const present = row.provider === 'keycloak' ? parts.filter(({ name }) => name !== 'corporate-idp') : parts
  // A Keycloak that issues the tokens itself tells by its events, as everywhere in this stack.
  if (row.provider === 'keycloak' && row.role === 'issuer') readEvents(present, addresses, secrets)
  await Promise.all(present.map((part) => startPart(base, row, part, started)))
  const provider = providerOf(row)
  const leaver = leaverProcessOf(trust)
  const isIssuer = row.role === 'issuer'
  return checkedRow({
    row,
    provider,
    leaver,
    directory: await directoryOf(base, row, addresses),
    resource: addresses.resource,
    clientId: isIssuer ? provider.clientIds.cli : 'mcp-cli',
    tokenEndpoint: isIssuer
      ? tokenEndpointOf(provider, addresses.corporateIdp)
      : `${issuerOf(trust, addresses)}/protocol/openid-connect/token`,
    rotates: isIssuer ? provider.refresh.rotates : true,
  })
}

async function directoryOf({ secrets }: Base, row: Row, addresses: Addresses): Promise<RowDirectory> {
  if (row.provider === 'keycloak')
    return openKeycloakDirectory(addresses.keycloak, secrets.keycloakAdmin.value, workforce)
  const { value: secret } = secrets.directoryAdmin
  // Where no token names groups, people are in Keycloak before they sign in.
  if (row.role === 'corporate IdP' && providerOf(row).claimNames.groups === undefined)
    await openCorporateDirectory(addresses.corporateIdp, secret).reconcile({ dryRun: false })
  return openEmulatedDirectory(addresses.corporateIdp, secret, leaverProcessOf(trustOf(row)))
}

function readEvents(parts: NodePart[], { issuer, resource }: Addresses, { resourceServer }: Secrets): void {
  for (const { environment } of parts) {
    environment.MCP_SIGNALS = JSON.stringify({
      keycloakEvents: [{ issuer, clientId: resource, clientSecretFile: resourceServer.file }],
    })
  }
}

/** Data of its own for each row, and the secrets of the whole run. */
function freshFolder({ folder }: Base, row: Row): StackFolder {
  const own = stackFolderAt(join(folder.root, 'rows', nameOf(row)))
  rmSync(own.root, { recursive: true, force: true })
  makeStackFolder({ ...own, secrets: folder.secrets })
  writeFileSync(own.clockFile, '', { mode: 0o600 })
  return { ...own, secrets: folder.secrets }
}

async function startPart(base: Base, row: Row, part: NodePart, started: RunningProcess[]): Promise<void> {
  const { folder, settings, workspaceRoot, record, signal } = base
  const own = stackFolderAt(join(folder.root, 'rows', nameOf(row)))
  mkdirSync(partData(own, part.name), { recursive: true, mode: 0o700 })
  const running = startNode(
    {
      name: `${part.title} of ${nameOf(row)}`,
      args: ['src/main.ts'],
      environment: { ...settings.environment, ...part.environment },
      folder: join(workspaceRoot, part.folder),
      logFile: join(own.logs, `${part.name}.log`),
    },
    record,
  )
  started.push(running)
  base.started.push(running)
  await waitUntilReady(running, { url: part.readiness, timeoutMs: partTimeoutMs }, signal)
}

/** In order; after a failure the row ends, since later checks rely on earlier ones. */
async function runChecks(row: CheckedRow, signal: AbortSignal): Promise<Cell[]> {
  const cells: Cell[] = []
  for (const check of checks) {
    const limit = limitOf(row.row, check)
    if (limit !== undefined) cells.push({ check, outcome: 'limit', ...limit })
    else if (signal.aborted || cells.some(({ outcome }) => outcome === 'failed'))
      cells.push({ check, outcome: 'not reached' })
    else cells.push(await runCheck(row, check))
  }
  return cells
}

async function runCheck(row: CheckedRow, check: Cell['check']): Promise<Cell> {
  const startedAt = performance.now()
  const passed = () => Math.round(performance.now() - startedAt)
  try {
    const detail = await checkOf[check](row)
    return { check, outcome: 'passed', detail, milliseconds: passed() }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    return { check, outcome: 'failed', problem, milliseconds: passed() }
  }
}
