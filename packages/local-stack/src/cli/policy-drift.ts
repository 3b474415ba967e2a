import { Command } from 'commander'
import colour from 'picocolors'
import { readDirectory } from '../access/directory-people.ts'
import { type Drift, type ExportedRealm, findDrift } from '../access/find-drift.ts'
import { openReviewClient } from '../access/review-client.ts'
import { runningStack, runningStackOption } from '../access/running-stack.ts'
import { exportRealm } from '../keycloak/keycloak-admin.ts'
import { runCommand } from './run-command.ts'

/** What `pnpm policy:drift` was asked for. */
interface DriftFlags {
  as?: string
  directory: string
  policies?: string
  json?: boolean
}

/** The command line of `pnpm policy:drift`. */
export function policyDriftCommand(): Command {
  return new Command('pnpm policy:drift')
    .description(
      'Whether the groups of the company directory, their roles in the realm and the policies agree, in the running stack; and what nobody and what everybody can reach. Exit code 0 when they agree, 1 when they do not.',
    )
    .option('--as <user name>', 'who asks; default: the first directory administrator of the stack')
    .option('--policies <folder>', 'other policies than the demonstration’s')
    .addOption(runningStackOption())
    .option('--json', 'print one JSON document instead of lines')
    .showHelpAfterError('See pnpm policy:drift --help.')
    .allowExcessArguments(false)
    .action(drift)
}

if (import.meta.main) await runCommand(policyDriftCommand())

async function drift({ as, directory, policies, json = false }: DriftFlags): Promise<void> {
  const stack = runningStack(directory)
  const access = {
    keycloak: stack.urls.keycloak,
    adminPassword: stack.clients.keycloakAdmin.password,
    signal: AbortSignal.timeout(30_000),
  }
  const found = findDrift({
    review: await (await openReviewClient(stack, as)).review(),
    realm: (await exportRealm(stack.realm, access)) as ExportedRealm,
    directory: (await readDirectory<{ groups: string[] }>(stack, '/groups')).groups,
    policyDirectory: policies,
  })
  console.log(json ? JSON.stringify(found, undefined, 2) : describe(found))
  process.exitCode = found.groups.length + found.directRoles.length + found.scopes.length === 0 ? 0 : 1
}

function describe({ groups, directRoles, scopes, reachedByNobody, reachedByEverybody }: Drift): string {
  const lines = [
    ...groups.map(({ group, problem, detail }) => `${group}: ${problem}${detail === undefined ? '' : ` (${detail})`}`),
    ...directRoles.map(({ account, roles }) => `${account}: has ${roles.join(', ')} without a group that gives it`),
    ...scopes.map(({ scope, problem }) => `${scope}: ${problem}`),
  ]
  const verdict =
    lines.length === 0
      ? colour.green('The directory, the realm and the policies agree.')
      : colour.red(`${lines.length} disagreements.`)
  return [
    ...lines.map((line) => `${colour.red('✗')} ${line}`),
    `Reached by nobody     ${reachedByNobody.join(', ') || 'no tool'}`,
    `Reached by everybody  ${reachedByEverybody.join(', ') || 'no tool'}`,
    verdict,
  ].join('\n')
}
