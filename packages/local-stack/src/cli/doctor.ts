import { join } from 'node:path'
import type { CompanyRealm } from '@mcp-identity/keycloak-realm'
import { Command, InvalidArgumentError } from 'commander'
import colour from 'picocolors'
import { type Examination, examine } from '../doctor/examine.ts'
import type { ExaminedRealm } from '../doctor/realm-rules.ts'
import type { Finding } from '../doctor/rule.ts'
import { exportRealm } from '../keycloak/keycloak-admin.ts'
import { describeError, StackError } from '../stack-error.ts'
import { readStackFile, type StackFile } from '../stack-file.ts'
import { findWorkspaceRoot, stackFolderAt } from '../stack-folder.ts'

/** What `pnpm doctor` was asked for. */
export interface DoctorFlags {
  mcp?: string
  json?: boolean
}

/** The command line of `pnpm doctor`; its action gets flags that were checked. */
export function doctorCommand(run: (flags: DoctorFlags) => Promise<void>): Command {
  return new Command('pnpm doctor')
    .description(
      'Examines an MCP server and its authorization servers against what real clients stumble over. Each finding names the rule, what was seen, and what mends it. Exit code 1 when there is an error.',
    )
    .option('--mcp <url>', 'the MCP server; default: the one of the running stack, with its realm', readUrl)
    .option('--json', 'print one JSON document instead of lines')
    .allowExcessArguments(false)
    .showHelpAfterError('See pnpm doctor --help.')
    .action(run)
}

function readUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return value
  throw new InvalidArgumentError('an http or https address is needed, such as https://mcp.company.com/mcp.')
}

if (import.meta.main) await main()

async function main(): Promise<void> {
  const [node = '', script = '', ...args] = process.argv
  try {
    await doctorCommand(runDoctor).parseAsync([node, script, ...(args[0] === '--' ? args.slice(1) : args)])
  } catch (error) {
    process.stderr.write(`\n${colour.red(describeError(error))}\n`)
    process.exitCode = 1
  }
}

async function runDoctor({ mcp, json = false }: DoctorFlags): Promise<void> {
  const stack = mcp === undefined ? runningStack() : undefined
  const examination = await examine(
    mcp ?? (stack as StackFile).urls.mcp,
    stack === undefined ? undefined : await realmOf(stack),
  )
  console.log(json ? JSON.stringify(examination, undefined, 2) : describeExamination(examination))
  process.exitCode = examination.findings.some(({ severity }) => severity === 'error') ? 1 : 0
}

function runningStack(): StackFile {
  const stack = readStackFile(stackFolderAt(join(findWorkspaceRoot(), '.local')).stackFile)
  if (stack !== undefined) return stack
  throw new StackError('no stack runs here', {
    nextStep: 'Start it with pnpm dev --detach, or name a server with --mcp.',
  })
}

async function realmOf(stack: StackFile): Promise<ExaminedRealm> {
  const realm = await exportRealm(stack.realm, {
    keycloak: stack.urls.keycloak,
    adminPassword: stack.clients.keycloakAdmin.password,
    signal: AbortSignal.timeout(30_000),
  })
  return { realm: realm as CompanyRealm, resource: stack.urls.mcp, development: true }
}

function describeExamination({
  mcp,
  authorizationServers,
  realmExamined,
  rulesApplied,
  findings,
}: Examination): string {
  const looked = [
    `MCP server            ${mcp}`,
    ...authorizationServers.map((issuer) => `Authorization server  ${issuer}`),
  ]
  const realm = realmExamined ? ', and the realm' : ''
  const verdict =
    findings.length === 0
      ? colour.green(`Nothing found: ${rulesApplied} rules hold${realm ? ', and the realm keeps its own' : ''}.`)
      : `${findings.length} of ${rulesApplied} rules${realm} found something.`
  return [...looked, '', ...findings.map(describeFinding), verdict].join('\n')
}

function describeFinding({ rule, severity, title, seen, mend }: Finding): string {
  const mark = severity === 'error' ? colour.red(`✗ ${rule}`) : colour.yellow(`! ${rule}`)
  return `${mark}  ${title}\n         seen: ${seen}\n         mend: ${mend}\n`
}
