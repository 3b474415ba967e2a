import { join } from 'node:path'
import { describeStore, verifyAuditLog } from '@mcp-identity/audit-log'
import { openCutOffStore } from '@mcp-identity/shared-signals/sqlite'
import { pino } from 'pino'
import { ConfigError, readConfig } from '../config.ts'
import { openAuditTrail } from '../open-audit-trail.ts'
import { soleName } from '../replicas/join-replicas.ts'
import { cutOffRetentionSeconds } from '../signals.ts'

const usage = `Makes a data folder that came out of a backup fit to be served: to be run once for each replica, with its settings
(MCP_…), after its authorization server was restored and before the server starts.

  node apps/mcp-server/src/cli/after-restore.ts

Verifies the audit log, then refuses every access token issued before this moment: who lost access after the backup was
made is not known any more, and her token may still be alive. Everybody signs in anew. Running it again does no harm.

Exit code: 0 done, 1 the audit log is not intact (nothing was changed), 2 the settings are wrong or a file cannot be read.
`

async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    process.stdout.write(usage)
    return 0
  }
  const { audit, replica, dataDirectory, issuers, maxTokenLifetimeSeconds } = readConfig(process.env)
  const found = await verifyAuditLog(audit.path, { tileFolder: audit.tileFolder })
  if (!found.intact) {
    process.stderr.write(
      `${describeStore(audit.path)} is NOT intact. Record ${found.firstBadSequence}: ${found.problem}\n`,
    )
    return 1
  }
  process.stdout.write(`audit log: intact, ${found.records} records\n`)
  const notBefore = Math.floor(Date.now() / 1000)
  const cutOffs = openCutOffStore(join(dataDirectory, 'cut-offs.db'), {
    retentionSeconds: cutOffRetentionSeconds({ maxTokenLifetimeSeconds }),
  })
  cutOffs.applyAll(
    issuers.map(({ issuer }) => ({ kind: 'cut_off', issuer, notBefore, cause: 'all_sessions_ended' as const })),
  )
  cutOffs.close()
  // Others are told of what was erased when this one runs.
  const erase = async () => (replica === undefined ? [] : [{ log: null, problem: 'this replica does not run' }])
  const replicas = { name: replica?.name ?? soleName, erase }
  const logger = pino({ level: 'warn' })
  const auditTrail = await openAuditTrail({ ...audit, deliveries: [] }, dataDirectory, logger, replicas)
  for (const { issuer } of issuers)
    await auditTrail.record({
      phase: 'security',
      action: 'revocation_received',
      outcome: 'succeeded',
      issuer,
      reason: 'all_sessions_ended',
      details: { notBefore, because: 'restored from a backup' },
    })
  await auditTrail.close()
  process.stdout.write(`tokens issued until ${new Date(notBefore * 1000).toISOString()} are refused\n`)
  return 0
}

main().then(
  (status) => {
    process.exitCode = status
  },
  (error: unknown) => {
    const problems = error instanceof ConfigError ? error.problems : [(error as Error).message]
    for (const problem of problems) process.stderr.write(`after-restore: ${problem}\n`)
    process.exitCode = 2
  },
)
