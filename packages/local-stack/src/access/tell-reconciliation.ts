import colour from 'picocolors'
import type { ReconcileReport } from '../demo/corporate-directory.ts'

type Difference = ReconcileReport['drift'][number]

const meanings: Readonly<Record<string, (difference: Difference) => string>> = {
  active_here_only: () => 'is active in the directory, disabled in Keycloak',
  active_there_only: () => 'is disabled in the directory, active in Keycloak',
  profile: ({ profile = {} }) => `has another ${Object.keys(profile).join(', ')} in Keycloak`,
  group_missing: ({ group }) => `is in ${group} in the directory only`,
  group_too_many: ({ group }) => `is in ${group} in Keycloak only`,
  account_missing: () => 'has no account in Keycloak',
  account_too_many: () => 'has an account in Keycloak, and is no longer in the directory',
  out_of_reach: () => 'is disabled in the directory; Keycloak lets provisioning disable no administrator of its own',
  not_linked: () => 'has a namesake in Keycloak that is not linked to her; --link joins the two on purpose',
}

const marks: Readonly<Record<Difference['state'], string>> = {
  found: colour.yellow('!'),
  mended: colour.green('✓'),
  failed: colour.red('✗'),
  refused: colour.red('✗'),
  left: colour.yellow('!'),
}

/** The comparison in lines for a person. */
export function tellReconciliation({ people, accounts, drift }: ReconcileReport): string[] {
  const refused = drift.filter(({ state }) => state === 'refused').length
  return [
    `${people} people in the directory, ${accounts} accounts in Keycloak, ${drift.length} differences`,
    ...drift.map(tellDifference),
    ...(refused === 0
      ? []
      : [`${refused} removals are more than may be made at once; look at them, then say --most-removals ${refused}.`]),
  ]
}

function tellDifference(difference: Difference): string {
  const { kind, username, state, problem } = difference
  const meaning = meanings[kind]?.(difference) ?? kind
  const outcome = state === 'found' ? '' : ` (${state}${problem === undefined ? '' : `: ${problem}`})`
  return `${marks[state]} ${username} ${meaning}${colour.dim(outcome)}`
}

/** Whether directory and Keycloak agree now. */
export function agrees({ drift }: ReconcileReport): boolean {
  return drift.every(({ state }) => state === 'mended')
}
