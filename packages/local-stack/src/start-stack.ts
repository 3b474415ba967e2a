import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type DomainControllerPlan,
  hasSamba,
  installAdvice,
  loopbackAddress,
  prepareDomainController,
  seedDomain,
  waitForDomain,
} from '@mcp-identity/active-directory/domain-controller'
import { type CompanyRealm, clientIds, compareRealm } from '@mcp-identity/keycloak-realm'
import { providers } from '@mcp-identity/provider-dialects'
import { developmentPeople } from '@mcp-identity/sample-company'
import { readAccounts } from './accounts.ts'
import { type Addresses, addressesAt, realmName } from './addresses.ts'
import { openCorporateDirectory } from './demo/corporate-directory.ts'
import { chooseRunner, type KeycloakChoice } from './keycloak/choose-runner.ts'
import { exportRealm } from './keycloak/keycloak-admin.ts'
import { startKeycloak } from './keycloak/start-keycloak.ts'
import {
  cliClientId,
  corporateIdpTitle,
  directoryWatcherTitle,
  isPresent,
  issuerOf,
  type NodePart,
  nodeParts,
  type PartsContext,
  partData,
  type Trust,
} from './parts.ts'
import { choosePorts, isPortFree, type PortChoice, type Ports, replicaPortsOf } from './ports.ts'
import { acquireLock } from './process/file-lock.ts'
import { waitUntilReady } from './process/readiness.ts'
import { endLeftovers, openRunRecord, type RunRecord } from './process/run-record.ts'
import { processEnded, type RunningProcess, startKept, startNode } from './process/running-process.ts'
import { type TellProgress, trackPart } from './progress/progress.ts'
import { keycloakAdminName, realmAt } from './realm.ts'
import { replicaNames, replicateMcpServer } from './replicas.ts'
import { openSecrets, type Secrets } from './secrets.ts'
import type { MachineSettings } from './settings.ts'
import { StackError } from './stack-error.ts'
import { type Account, readStackFile, removeStackFile, type StackFile, writeStackFile } from './stack-file.ts'
import {
  findWorkspaceRoot,
  makeStackFolder,
  resetAdvice,
  resetStackFolder,
  type StackFolder,
  stackFolderAt,
} from './stack-folder.ts'
import { startSharedStore } from './start-shared-store.ts'
import { startStore } from './start-store.ts'

export interface StackOptions {
  /** What the environment says, see {@link readSettings}. */
  settings: MachineSettings
  /** Where the stack keeps its files. Default: `.local` at the root of the workspace. One stack at a time per folder. */
  directory?: string
  /** Default `auto`: a container where an engine answers and the image can be had, else Java. */
  keycloak?: KeycloakChoice
  /** Which provider signs people in, and who issues access tokens. Default: one by the book, behind Keycloak. */
  trust?: Trust
  /** Starts from the code: forgets the database of Keycloak and the data of the parts. Default false. */
  reset?: boolean
  /**
   * How many MCP servers, joined by a Redis and, where it is installed, a PostgreSQL of the stack's own; 1 to
   * {@link mostReplicas}. Default: one, and neither of them.
   */
  replicas?: number | undefined
  /** The programs beside Keycloak. Default: those of this workspace, see {@link nodeParts}. */
  parts?: (context: PartsContext) => NodePart[]
  tell?: TellProgress
  /** Ends the start; what was started by then is stopped. */
  signal?: AbortSignal
}

/** A stack that is ready. */
export interface Stack {
  /** What `stack.json` holds. */
  file: StackFile
  folder: StackFolder
  /** Resolves when a part ends by itself, which nothing in the stack should do, to the reason. Never rejects. */
  failed: Promise<StackError>
  /** Stop and start again, with Active Directory, while the other parts go on. For tests. */
  domain?: RestartablePart
  directoryWatcher?: RestartablePart
  /** Stops every part and removes `stack.json`. Safe to call twice. */
  stop(): Promise<void>
}

export interface RestartablePart {
  stop(): Promise<void>
  /** Resolves when it is ready. */
  start(): Promise<void>
}

/**
 * Starts Keycloak, the corporate IdP, the MCP server and the console on this machine, and waits until all are ready.
 *
 * Processes of an earlier stack that was killed are ended first. When a part fails, everything is stopped again.
 *
 * @throws {StackError} A stack already runs in this folder, or a part failed; carries the last lines of its log.
 * @throws The signal's reason when `signal` aborts.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const workspaceRoot = findWorkspaceRoot()
  const folder = stackFolderAt(options.directory ?? join(workspaceRoot, '.local'))
  makeStackFolder(folder)
  const lock = lockStack(folder)
  const started: RunningProcess[] = []
  const stop = once(async () => {
    removeStackFile(folder.stackFile)
    await Promise.all(started.map((running) => running.stop()))
    await endLeftovers(folder.runRecord)
    lock.release()
  })
  try {
    const context = await prepare(options, workspaceRoot, folder, started)
    await startParts(context, options)
    await provisionDirectory(context)
    const file = await describeStack(context)
    context.signal.throwIfAborted()
    writeStackFile(folder.stackFile, file)
    return { file, folder, failed: firstToEnd(started), stop, ...directoryOf(context) }
  } catch (error) {
    await stop()
    throw error
  }
}

interface StartContext {
  settings: MachineSettings
  workspaceRoot: string
  folder: StackFolder
  ports: Ports
  addresses: Addresses
  secrets: Secrets
  trust: Trust
  replicas: number | undefined
  /** Active Directory of this machine, where it takes part. */
  domain: DomainControllerPlan | undefined
  domainController: DomainControllerPlan['controller'] | undefined
  /** Absent where no Keycloak takes part. */
  realm: CompanyRealm | undefined
  record: RunRecord
  started: RunningProcess[]
  /** Takes a process into the stack. When it ends before all are ready, the start is given up. */
  onStarted(running: RunningProcess): void
  tell: TellProgress
  signal: AbortSignal
  /** Gives up the start of all parts. */
  abandon(reason: unknown): void
}

function lockStack(folder: StackFolder): { release(): void } {
  const lock = acquireLock(folder.lock)
  if (lock.outcome === 'acquired') return lock
  const running = readStackFile(folder.stackFile)
  const where = running === undefined ? 'is still starting' : `serves ${running.urls.mcp}`
  throw new StackError(`a stack already runs here (process ${lock.owner.pid}) and ${where}`, {
    nextStep: 'See it with pnpm dev --status, stop it with pnpm dev --stop.',
  })
}

async function prepare(
  { settings, reset = false, trust = defaultTrust, replicas, tell = () => {}, signal }: StackOptions,
  workspaceRoot: string,
  folder: StackFolder,
  started: RunningProcess[],
): Promise<StartContext> {
  removeStackFile(folder.stackFile)
  const leftovers = await endLeftovers(folder.runRecord)
  if (leftovers.length > 0)
    tell({ kind: 'notice', text: `Ended what a killed stack left behind: ${leftovers.join(', ')}.` })
  if (reset) resetStackFolder(folder)
  makeStackFolder(folder)
  // The policy clock starts at the real time; a time that an earlier run had set would surprise.
  writeFileSync(folder.clockFile, '', { mode: 0o600 })
  const choice = await choosePorts(settings.portBase, isPortFree, replicas)
  if (choice.taken.length > 0) tell({ kind: 'notice', text: explainPorts(settings.portBase, choice) })
  const addresses = addressesAt(choice.ports)
  const secrets = await openSecrets(folder.secrets)
  const domain =
    trust.directory === undefined ? undefined : await prepareDomain(folder, choice.ports, secrets, { tell, signal })
  const abandon = new AbortController()
  return {
    settings,
    workspaceRoot,
    folder,
    ports: choice.ports,
    addresses,
    secrets,
    trust,
    replicas,
    domain,
    domainController: domain?.controller,
    realm:
      trust.issuer === 'keycloak'
        ? realmAt(addresses, secrets, settings.realmProfile, providers[trust.provider], {
            domainController: domain?.controller,
            protocol: trust.protocol,
          })
        : undefined,
    record: openRunRecord(folder.runRecord),
    started,
    onStarted(running) {
      started.push(running)
      running.exited.then((code) => abandon.abort(processEnded(running, code)))
    },
    tell,
    signal: signal === undefined ? abandon.signal : AbortSignal.any([signal, abandon.signal]),
    abandon: (reason) => abandon.abort(reason),
  }
}

const defaultTrust: Trust = { provider: 'generic', issuer: 'keycloak' }

function explainPorts(wanted: number, { base, taken }: PortChoice): string {
  const ports = taken.map(({ port }) => port).join(', ')
  return `Port ${ports} is taken by another program: the stack uses ${base} to ${base + 4} instead of ${wanted} on.`
}

/** Keycloak takes longest: what does not need it starts beside it, what does follows. */
async function startParts(
  context: StartContext,
  { keycloak: choice = 'auto', parts: listParts = nodeParts }: StackOptions,
): Promise<void> {
  const parts = (await withReplicas(context, listParts(context))).filter((part) =>
    isPresent(context.workspaceRoot, part),
  )
  const start = (afterKeycloak: boolean): Promise<void>[] =>
    parts.filter((part) => part.afterKeycloak === afterKeycloak).map((part) => startNodePart(context, part))
  const keycloak = async (): Promise<void> => {
    const { realm } = context
    if (realm === undefined) return allOrNone(start(true), context)
    const runner = await chooseRunner(choice, { ...context, logFile: join(context.folder.logs, 'keycloak-build.log') })
    const trustedCaFile = context.domainController?.caFile
    const plan = await startKeycloak({ ...context, realms: [realm], runner, trustedCaFile })
    const comparison = plan.outcome === 'keep' ? [tellRealmDifferences(context, realm)] : []
    await allOrNone([...start(true), ...comparison], context)
  }
  const { domain } = context
  await allOrNone(
    [keycloak(), ...start(false), ...(domain === undefined ? [] : [startDomain(context, domain)])],
    context,
  )
}

/** Where no token names groups, people and their groups are in Keycloak before the first of them signs in. */
async function provisionDirectory({ trust, addresses, secrets, tell }: StartContext): Promise<void> {
  if (trust.issuer === 'provider' || providers[trust.provider].claimNames.groups !== undefined) return
  const directory = openCorporateDirectory(addresses.corporateIdp, secrets.directoryAdmin.value)
  const { people, drift } = await directory.reconcile({ dryRun: false })
  const left = drift.filter(({ state }) => state !== 'mended')
  const lines = left.map(({ username, kind, group = '', problem = '' }) => `  ${username} ${kind} ${group}: ${problem}`)
  tell({ kind: 'notice', text: [`Provisioned ${people} people into Keycloak.`, ...lines].join('\n') })
}

/** Their stores are there before they are, as in a company. */
async function withReplicas(context: StartContext, parts: NodePart[]): Promise<NodePart[]> {
  if (context.replicas === undefined) return parts
  const [redisUrl, sharedStore] = await Promise.all([startStore(context), startSharedStore(context)])
  mkdirSync(partData(context.folder, 'mcp-server'), { recursive: true, mode: 0o700 })
  return replicateMcpServer(parts, context, { count: context.replicas, redisUrl, sharedStore }).parts
}

/** Makes the domain at the first start; its address is one of loopback that belongs to the block of ports. */
async function prepareDomain(
  folder: StackFolder,
  ports: Ports,
  { directoryReader }: Secrets,
  told: { tell: TellProgress; signal: AbortSignal | undefined },
): Promise<DomainControllerPlan> {
  if (!hasSamba()) throw new StackError('no Samba domain controller can run here', { nextStep: installAdvice })
  let plan: DomainControllerPlan | undefined
  const signal = told.signal ?? new AbortController().signal
  await trackPart({ ...told, signal }, 'Domain', async (detail) => {
    const address = loopbackAddress(ports.console)
    detail(`ldaps://${address}`)
    plan = await prepareDomainController({
      folder: partData(folder, 'active-directory'),
      address,
      readerPasswordFile: directoryReader.file,
    })
  })
  return plan as DomainControllerPlan
}

function directoryOf(context: StartContext): Pick<Stack, 'domain' | 'directoryWatcher'> {
  const { domain, started } = context
  const watcher = nodeParts(context).find(({ title }) => title === directoryWatcherTitle)
  if (domain === undefined || watcher === undefined) return {}
  const stopLatest = async (title: string) => started.findLast(({ name }) => name === title)?.stop()
  // A part that has ended ends the start of the others; here one was stopped on purpose.
  const apart = { ...context, signal: new AbortController().signal }
  return {
    domain: { stop: () => stopLatest(domainTitle), start: () => startDomain(apart, domain) },
    directoryWatcher: { stop: () => stopLatest(watcher.title), start: () => startNodePart(apart, watcher) },
  }
}

function startDomain(context: StartContext, { controller, ...plan }: DomainControllerPlan): Promise<void> {
  return trackPart(context, domainTitle, async (detail) => {
    detail(controller.url)
    const { environment } = context.settings
    const logFile = join(context.folder.logs, 'active-directory.log')
    const { stackFile } = context.folder
    const order = {
      ...plan,
      name: domainTitle,
      environment,
      logFile,
      nextStep: resetAdvice,
      removeWithStack: [stackFile],
    }
    context.onStarted(await startKept(order, context.record))
    await waitForDomain(controller, context.signal)
    await seedDomain(controller)
  })
}

const domainTitle = 'Active Directory'

const partTimeoutMs = 120_000

function startNodePart(context: StartContext, part: NodePart): Promise<void> {
  return trackPart(context, part.title, async (detail) => {
    detail(new URL(part.readiness).origin)
    mkdirSync(partData(context.folder, part.name), { recursive: true, mode: 0o700 })
    const running = startNode(
      {
        name: part.title,
        args: ['src/main.ts'],
        environment: { ...context.settings.environment, ...part.environment },
        folder: join(context.workspaceRoot, part.folder),
        logFile: join(context.folder.logs, `${part.name}.log`),
        nextStep: resetAdvice,
      },
      context.record,
    )
    context.onStarted(running)
    await waitUntilReady(running, { url: part.readiness, timeoutMs: partTimeoutMs }, context.signal)
  })
}

/** Rejects with the first failure, but only when the others have noticed and ended too. */
async function allOrNone(work: Promise<void>[], { abandon, signal }: StartContext): Promise<void> {
  await Promise.all(work.map((one) => one.catch(abandon)))
  signal.throwIfAborted()
}

/** A kept database may have been changed in Keycloak's own console; the code would then no longer tell the truth. */
async function tellRealmDifferences(
  { addresses, secrets, tell, signal }: StartContext,
  realm: CompanyRealm,
): Promise<void> {
  const access = { keycloak: addresses.keycloak, adminPassword: secrets.keycloakAdmin.value, signal }
  const exported = (await exportRealm(realmName, access)) as CompanyRealm
  const differences = compareRealm(realm, exported).filter(({ kind }) => kind !== 'registered')
  if (differences.length === 0) return
  const lines = differences.slice(0, 10).map(({ kind, path }) => `  ${kind} ${path}`)
  const rest = differences.length > 10 ? [`  and ${differences.length - 10} more`] : []
  tell({
    kind: 'notice',
    text: [
      'The realm was changed by hand and differs from the code:',
      ...lines,
      ...rest,
      'pnpm dev --reset brings back what the code says.',
    ].join('\n'),
  })
}

async function describeStack(context: StartContext): Promise<StackFile> {
  const { settings, addresses, ports, secrets, folder, trust, replicas, domainController } = context
  return {
    ready: true,
    pid: process.pid,
    realm: realmName,
    trust,
    urls: {
      console: addresses.console,
      mcp: addresses.resource,
      issuer: issuerOf(trust, addresses),
      keycloak: addresses.keycloak,
      corporateIdp: addresses.corporateIdp,
      ...(replicas === undefined
        ? {}
        : { replicas: replicaPortsOf(ports, replicas).map((port) => `http://localhost:${port}/mcp`) }),
    },
    accounts: await announcedAccounts(context),
    clients: {
      cli: { clientId: cliClientId(trust) },
      service: { clientId: clientIds.service, privateKeyFile: secrets.serviceKey.file },
      directoryAdmin: { secret: secrets.directoryAdmin.value },
      keycloakAdmin: { username: keycloakAdminName, password: secrets.keycloakAdmin.value },
      ...(settings.realmProfile === 'preview'
        ? { enterprise: { clientId: clientIds.enterprise, secret: secrets.enterpriseClient.value } }
        : {}),
    },
    ...(domainController === undefined ? {} : { domainController }),
    dataDir: folder.data,
    auditLog: join(partData(folder, 'mcp-server'), 'audit.db'),
    ...(replicas === undefined
      ? {}
      : { auditLogs: replicaNames(replicas).map((name) => join(partData(folder, name), 'audit.db')) }),
    clockFile: folder.clockFile,
  }
}

/** The corporate IdP knows who can sign in, and says so when it is ready. */
async function announcedAccounts({ started, domain }: StartContext): Promise<Account[]> {
  if (domain !== undefined)
    return developmentPeople.map(({ username, password, groups }) => ({ username, password, groups }))
  const corporateIdp = started.find(({ name }) => name === corporateIdpTitle)
  if (corporateIdp === undefined) return []
  return readAccounts(await Promise.race([corporateIdp.announced, corporateIdp.exited]))
}

function firstToEnd(started: RunningProcess[]): Promise<StackError> {
  return Promise.race(started.map((running) => running.exited.then((code) => processEnded(running, code))))
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= work()
    return running
  }
}
