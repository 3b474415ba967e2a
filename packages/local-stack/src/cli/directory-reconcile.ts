import { Command, InvalidArgumentError } from 'commander'
import { namedStack, runningStack } from '../access/running-stack.ts'
import { agrees, tellReconciliation } from '../access/tell-reconciliation.ts'
import { openCorporateDirectory } from '../demo/corporate-directory.ts'
import { trustAuthority } from '../tls/trust-authority.ts'
import { directoryOption } from './dev-command.ts'
import { runCommand } from './run-command.ts'

interface Flags {
  directory: string
  stack?: string
  dryRun?: boolean
  link: string[]
  mostRemovals: number
  json?: boolean
}

/** `pnpm directory:reconcile`. */
export function reconcileCommand(): Command {
  return new Command('pnpm directory:reconcile')
    .description(
      "The full compare: everybody in the company's directory with every account that Keycloak has linked to it. Finds what no signal told and mends it in Keycloak by SCIM, what takes access away first; the directory is right. Exit code 1 while the two differ.",
    )
    .option('--dry-run', 'find, and change nothing')
    .option(
      '--link <username...>',
      'join this person to the account of the same name that Keycloak has, on purpose',
      [],
    )
    .option('--most-removals <number>', 'mend nothing that takes access away when it is more than this', readNumber, 10)
    .option('--json', 'print the comparison as one JSON document')
    .addOption(directoryOption())
    .option('--stack <file>', 'stack.json of a stack in containers, instead of the one that runs in --directory')
    .allowExcessArguments(false)
    .showHelpAfterError('See pnpm directory:reconcile --help.')
    .action(async ({ directory, stack, dryRun = false, link, mostRemovals, json }: Flags) => {
      const { urls, clients, authorityFile } = stack === undefined ? runningStack(directory) : namedStack(stack)
      trustAuthority(authorityFile)
      const report = await openCorporateDirectory(urls.corporateIdp, clients.directoryAdmin.secret).reconcile({
        dryRun,
        link,
        mostRemovals,
      })
      console.log(json ? JSON.stringify(report, undefined, 2) : tellReconciliation(report).join('\n'))
      if (!agrees(report)) process.exitCode = 1
    })
}

function readNumber(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('a whole number is needed.')
}

if (import.meta.main) await runCommand(reconcileCommand())
