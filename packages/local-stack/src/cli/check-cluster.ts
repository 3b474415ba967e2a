import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { Command } from 'commander'
import { namedStack } from '../access/running-stack.ts'
import { clusterRules } from '../cluster/cluster-rules.ts'
import { openCorporateDirectory } from '../demo/corporate-directory.ts'
import { accessTokenOf } from '../demo/person-of-stack.ts'
import { startSteadyCallers, tally } from '../demo/steady-callers.ts'
import { callWithToken } from '../demo/stopwatch.ts'
import type { StackFile } from '../stack-file.ts'
import { trustAuthority } from '../tls/trust-authority.ts'
import { runCommand } from './run-command.ts'

/** What the pod `checker` of `infra/helm/try-in-cluster.sh` was asked for. */
interface CheckFlags {
  stack: string
  steadyUntil?: string
}

const goodCallers = ['anna', 'dave', 'erin', 'carol']
/** As many refusals in a row that every replica has given some. */
const refusalsInARow = 50

/** The command line of what runs in that pod. */
function checkClusterCommand(): Command {
  return new Command('check-cluster')
    .description(
      'Checks the release that infra/helm/try-in-cluster.sh has installed, from inside its cluster: one line for each rule. Exit code 1 when one is broken.',
    )
    .option('--stack <file>', 'stack.json as lay-out-containers --cluster writes it', '/stack/stack.json')
    .option(
      '--steady-until <file>',
      'instead, call all the while with good tokens and a revoked one until this file is there, and then print how often each status came',
    )
    .allowExcessArguments(false)
    .action(check)
}

await runCommand(checkClusterCommand())

async function check({ stack: path, steadyUntil }: CheckFlags): Promise<void> {
  const stack = namedStack(path)
  trustAuthority(stack.authorityFile)
  process.exitCode = steadyUntil === undefined ? await checkRules(stack) : await callSteadily(stack, steadyUntil)
}

/** @returns the exit code. */
async function checkRules(stack: StackFile): Promise<number> {
  let broken = 0
  for (const { title, check: look } of clusterRules(stack)) {
    try {
      console.log(`✓ ${title}: ${await look()}`)
    } catch (error) {
      broken += 1
      console.log(`✗ ${title}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return broken === 0 ? 0 : 1
}

/** @returns the exit code: 1 when a good call failed, or a revoked one was allowed. */
async function callSteadily(stack: StackFile, until: string): Promise<number> {
  const { mcp, corporateIdp } = stack.urls
  const directory = openCorporateDirectory(corporateIdp, stack.clients.directoryAdmin.secret)
  const tokens = await Promise.all(goodCallers.map((username) => accessTokenOf(stack, username)))
  const revokedToken = await accessTokenOf(stack, 'bob')
  await directory.disable('bob')
  for (let refusals = 0; refusals < refusalsInARow; )
    refusals = (await callWithToken(mcp, revokedToken)).status === 401 ? refusals + 1 : 0
  const callers = startSteadyCallers(mcp)
  const good = callers.call(tokens)
  const revoked = callers.call([revokedToken])
  console.log('calling')
  while (!existsSync(until)) await setTimeout(100)
  await callers.stop()
  await directory.enable('bob')
  console.log(JSON.stringify({ good: tally(good), revoked: tally(revoked) }))
  const allAre = (statuses: readonly number[], wanted: number) =>
    statuses.length > 0 && statuses.every((status) => status === wanted)
  return allAre(good, 200) && allAre(revoked, 401) ? 0 : 1
}
