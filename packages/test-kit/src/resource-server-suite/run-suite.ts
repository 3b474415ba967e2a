import type { Check, CheckResult } from './check.ts'
import { credentialChecks } from './checks/credentials.ts'
import { dpopChecks } from './checks/dpop.ts'
import { metadataChecks } from './checks/metadata.ts'
import { tokenChecks } from './checks/tokens.ts'
import { toolChecks } from './checks/tools.ts'
import { transportChecks } from './checks/transport.ts'
import { createSubject, type Subject, type SuiteOptions } from './subject.ts'

/** Every check, in the order in which they run. */
export const resourceServerChecks: readonly Check[] = [
  ...metadataChecks,
  ...credentialChecks,
  ...tokenChecks,
  ...toolChecks,
  ...dpopChecks,
  ...transportChecks,
]

/**
 * Runs the suite against a server. Checks that need what this run cannot offer are skipped, never passed. They run one
 * after the other; none changes anything at the server but what `tool` changes.
 *
 * @param only Runs the checks whose id contains this text. Default: all.
 * @throws {TypeError} The address is no http or https URL.
 * @throws {Error} Nothing answers there.
 */
export async function runResourceServerSuite(options: SuiteOptions, only = ''): Promise<readonly CheckResult[]> {
  const subject = createSubject(options)
  const { status } = await subject.send({ method: 'GET', headers: [] })
  if (status === 0) throw new Error(`nothing answers at ${options.url}`)
  const results: CheckResult[] = []
  for (const check of resourceServerChecks.filter(({ id }) => id.includes(only)))
    results.push(await runCheck(check, subject))
  return results
}

async function runCheck({ run, needs, ...about }: Check, subject: Subject): Promise<CheckResult> {
  const missing = needs.filter((need) => !subject.offers.has(need))
  if (missing.length > 0) return { ...about, outcome: 'skipped', details: missing }
  try {
    const details = await run(subject)
    return { ...about, outcome: details.length === 0 ? 'passed' : 'failed', details }
  } catch (error) {
    return { ...about, outcome: 'failed', details: [`the check broke: ${String(error)}`] }
  }
}
