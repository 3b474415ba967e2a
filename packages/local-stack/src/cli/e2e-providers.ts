import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import colour from 'picocolors'
import { allRows, rowsNamed } from '../matrix/row.ts'
import { runMatrix } from '../matrix/run-matrix.ts'
import { tellMatrix, tellRow } from '../matrix/tell-matrix.ts'
import { placeInReadme, writtenMatrix } from '../matrix/written-matrix.ts'
import { printProgress } from '../progress/print-progress.ts'
import { readSettings } from '../settings.ts'
import { StackError } from '../stack-error.ts'
import { findWorkspaceRoot } from '../stack-folder.ts'
import { runCommand } from './run-command.ts'
import { exitCodeOf, stopSignals } from './stop-signals.ts'

interface Flags {
  only: string[]
  json?: boolean
  write?: boolean
  directory: string
}

/** `pnpm e2e:providers`. */
export function providersCommand(): Command {
  return new Command('pnpm e2e:providers')
    .description(
      'Every provider in both roles, behind Keycloak and as the issuer itself: sign-in, identity claims, group → tool, step-up, refresh, key rotation, disable → denied. Starts what it needs, one real Keycloak for all rows, and stops it again. Every cell passes or names the limit of the provider with its source. Exit code 1 where one fails.',
    )
    .option(
      '--only <name...>',
      'a provider (entra) or saml, a role (corporate-idp, issuer), or both (entra/issuer)',
      [],
    )
    .option('--json', 'print one JSON document instead of the table')
    .option('--write', 'write the outcomes to docs/providers/matrix.json and the table to README.md; all rows only')
    .addOption(
      new Option('--directory <folder>', 'where it keeps its files').default(
        join(findWorkspaceRoot(), '.local', 'providers'),
        '.local/providers',
      ),
    )
    .allowExcessArguments(false)
    .showHelpAfterError('See pnpm e2e:providers --help.')
    .action(run)
}

async function run({ only, json = false, write = false, directory }: Flags): Promise<void> {
  const rows = namedRows(only)
  if (write && rows.length < allRows.length)
    throw new StackError('--write takes all rows', { nextStep: 'Leave --only out.' })
  const { signal } = stopSignals()
  // With --json only the document goes to standard output.
  const told = json ? process.stderr : process.stdout
  const printer = printProgress(told)
  try {
    const report = await runMatrix({
      settings: readSettings(process.env),
      directory: resolve(directory),
      rows,
      tell: printer.tell,
      onRow: (row) => printer.tell({ kind: 'notice', text: tellRow(row) }),
      signal,
    })
    printer.end()
    console.log(json ? JSON.stringify(report, undefined, 2) : `\n${tellMatrix(report)}`)
    const verdict = report.ok ? colour.green('Every cell holds') : colour.red('Not every cell holds')
    told.write(`\n${verdict}: ${report.rows.length} of ${rows.length} rows in ${report.seconds} s.\n`)
    if (write && report.ok) writeDown(report)
    process.exitCode = report.ok ? 0 : signal.aborted ? exitCodeOf(signal) : 1
  } finally {
    printer.end()
  }
}

function namedRows(only: readonly string[]) {
  try {
    return rowsNamed(only)
  } catch (error) {
    throw new StackError(error instanceof Error ? error.message : String(error), {
      nextStep: 'See pnpm e2e:providers --help.',
    })
  }
}

function writeDown(report: Parameters<typeof writtenMatrix>[0]): void {
  const root = findWorkspaceRoot()
  const readme = join(root, 'README.md')
  const written = writtenMatrix(report)
  writeFileSync(join(root, 'docs', 'providers', 'matrix.json'), `${JSON.stringify(written, undefined, 2)}\n`)
  writeFileSync(readme, placeInReadme(readFileSync(readme, 'utf8'), written))
}

if (import.meta.main) await runCommand(providersCommand())
