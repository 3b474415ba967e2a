import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CompanyRealm } from '@mcp-identity/keycloak-realm'
import { Command, InvalidArgumentError } from 'commander'
import colour from 'picocolors'
import { type Examination, examine, ignoreRules, ruleNames } from '../doctor/examine.ts'
import type { ExaminedRealm } from '../doctor/realm-rules.ts'
import type { Finding } from '../doctor/rule.ts'
import { exportRealm } from '../keycloak/keycloak-admin.ts'
import { StackError } from '../stack-error.ts'
import { readStackFile, type StackFile } from '../stack-file.ts'
import { findWorkspaceRoot, stackFolderAt } from '../stack-folder.ts'
import { runCommand } from './run-command.ts'

/** What `pnpm run doctor` was asked for. */
export interface DoctorFlags {
  mcp?: string
  realm?: string
  origin?: string
  production?: boolean
  ignore?: string[]
  json?: boolean
}

/** Exit codes, so that CI can tell a server with findings from one that could not be looked at. */
const exitCodes = { nothingFound: 0, findings: 1, notExamined: 2 } as const

/** The command line of `pnpm run doctor`; its action gets flags that were checked. */
export function doctorCommand(run: (flags: DoctorFlags) => Promise<void>): Command {
  return new Command('pnpm run doctor')
    .description(
      'Examines an MCP server and its authorization servers against what real clients stumble over. Each finding names the rule, what was seen, and what mends it. Changes nothing and signs nobody in.',
    )
    .option('--mcp <url>', 'the MCP server; default: the one of the running stack, with its realm', readUrl)
    .option(
      '--realm <file>',
      'a realm as Keycloak exports it (Realm settings → Action → Partial export), to examine too',
    )
    .option(
      '--origin <origin>',
      'a web page that has to be able to call the server, such as https://console.company.com; default: the console of the running stack, else the MCP Inspector where the server admits it',
      readOrigin,
    )
    .option(
      '--production',
      'judge it as what serves a company: encryption, certificates, what is open to everyone, development settings of server and realm',
    )
    .option('--ignore <rules...>', 'rules whose findings are known and accepted, such as AS-09', readRules)
    .option('--json', 'print one JSON document instead of lines')
    .addHelpText(
      'after',
      '\nExit codes:\n  0  nothing found\n  1  findings, errors or warnings\n  2  not examined: nothing answers, no stack runs, a file or flag is wrong',
    )
    .allowExcessArguments(false)
    .showHelpAfterError('See pnpm run doctor --help.')
    .action(run)
}

function readUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return value
  throw new InvalidArgumentError('an http or https address is needed, such as https://mcp.company.com/mcp.')
}

function readOrigin(value: string): string {
  if (URL.canParse(value) && new URL(value).origin === value) return value
  throw new InvalidArgumentError('an origin is needed, such as https://console.company.com, without a path.')
}

function readRules(value: string, before: string[] = []): string[] {
  if (ruleNames.includes(value)) return [...before, value]
  throw new InvalidArgumentError(`there are ${ruleNames.join(', ')}.`)
}

if (import.meta.main) await runCommand(doctorCommand(runDoctor), exitCodes.notExamined)

async function runDoctor({
  mcp,
  realm,
  origin,
  production = false,
  ignore = [],
  json = false,
}: DoctorFlags): Promise<void> {
  const stack = mcp === undefined ? runningStack() : undefined
  const resource = mcp ?? (stack as StackFile).urls.mcp
  const examination = ignoreRules(
    await examine(resource, {
      realm: realm === undefined ? stack && (await realmOf(stack, production)) : readRealm(realm, resource, production),
      origin: origin ?? stack?.urls.console,
      production,
    }),
    ignore,
  )
  console.log(json ? JSON.stringify(examination, undefined, 2) : describeExamination(examination, ignore))
  process.exitCode = examination.findings.length > 0 ? exitCodes.findings : exitCodes.nothingFound
}

function runningStack(): StackFile {
  const stack = readStackFile(stackFolderAt(join(findWorkspaceRoot(), '.local')).stackFile)
  if (stack !== undefined) return stack
  throw new StackError('no stack runs here', {
    nextStep: 'Start it with pnpm dev --detach, or name a server with --mcp.',
  })
}

async function realmOf(stack: StackFile, production: boolean): Promise<ExaminedRealm> {
  const realm = await exportRealm(stack.realm, {
    keycloak: stack.urls.keycloak,
    adminPassword: stack.clients.keycloakAdmin.password,
    signal: AbortSignal.timeout(30_000),
  })
  return { realm: realm as CompanyRealm, resource: stack.urls.mcp, development: !production }
}

function readRealm(file: string, resource: string, production: boolean): ExaminedRealm {
  const problem = (what: string) =>
    new StackError(`${file} ${what}`, {
      nextStep: 'Export the realm with its clients in the admin console: Realm settings → Action → Partial export.',
    })
  let realm: unknown
  try {
    realm = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw problem(error instanceof SyntaxError ? 'is no JSON' : `cannot be read: ${(error as Error).message}`)
  }
  const isRealm = typeof realm === 'object' && realm !== null && 'realm' in realm && 'clients' in realm
  if (!isRealm) throw problem('is no export of a realm with its clients')
  const { protocol, hostname } = new URL(resource)
  const isOnThisMachine = protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  return { realm: realm as CompanyRealm, resource, development: isOnThisMachine && !production }
}

function describeExamination(examination: Examination, ignored: readonly string[]): string {
  const { mcp, authorizationServers, realmExamined, rulesJudged, rulesNotJudged, findings } = examination
  const groups = grouped(findings)
  return [
    `MCP server            ${mcp}`,
    ...authorizationServers.map((issuer) => `Authorization server  ${issuer}`),
    `Realm                 ${realmExamined ? 'examined' : 'not examined: give an export of it with --realm'}`,
    '',
    ...groups.map(describeFindings),
    findings.length === 0
      ? colour.green(`Nothing found by ${rulesJudged} rules.`)
      : `${count(findings.length, 'finding')} by ${groups.length} of ${rulesJudged} rules.`,
    ...(ignored.length === 0 ? [] : [`Ignored: ${ignored.join(', ')}.`]),
    ...(rulesNotJudged.length === 0
      ? []
      : [`Not judged, as there was nothing to look at: ${rulesNotJudged.join(', ')}.`]),
    ...(rulesNotJudged.includes('RS-17')
      ? ['The server refuses the page of the MCP Inspector. To examine it for pages, name one with --origin.']
      : []),
  ].join('\n')
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** Findings of one rule about one thing, together. */
function grouped(findings: readonly Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>()
  for (const finding of findings) {
    const key = `${finding.rule} ${finding.at}`
    groups.set(key, [...(groups.get(key) ?? []), finding])
  }
  return [...groups.values()]
}

function describeFindings(findings: readonly Finding[]): string {
  const [{ rule, severity, title, at, mend }] = findings as [Finding]
  const seen = findings.map((finding) => finding.seen).join('\n               ')
  const mark = severity === 'error' ? colour.red(`✗ ${rule}`) : colour.yellow(`! ${rule}`)
  return `${mark}  ${title}\n         at:   ${at}\n         seen: ${seen}\n         mend: ${mend}\n`
}
