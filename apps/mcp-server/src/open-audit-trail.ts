import { join } from 'node:path'
import {
  type AuditLog,
  type Delivery,
  describeStore,
  exportFormats,
  fileSender,
  httpSender,
  openAuditLog,
  openPersonalDataVault,
  type PersonalDataVault,
  startDelivery,
  statedOrigin,
} from '@mcp-identity/audit-log'
import type { Logger } from 'pino'
import type { AuditConfig, DeliveryConfig } from './audit-config.ts'
import { present } from './audit-events.ts'
import { type AuditTrail, createAuditTrail } from './audit-trail.ts'
import { type ErasureKeeper, keepErasures } from './erasures.ts'
import { alone, type Replicas, soleName } from './replicas/join-replicas.ts'

/** The audit trail, and what became of its deliveries. */
export interface OpenAuditTrail extends AuditTrail {
  /** How many records each receiver still has to get, and how many it refused for good since the start. */
  deliveries(): { name: string; behind: number; refused: number }[]
  /** Undefined where personal data is not encrypted. */
  readonly erasures: Pick<ErasureKeeper, 'eraseAsTold'> | undefined
}

/**
 * Opens the audit log with its signing key, its vault of personal data and its deliveries.
 *
 * @throws {Error} One of them cannot be opened: nothing stays open then.
 */
export async function openAuditTrail(
  config: AuditConfig,
  dataDirectory: string,
  logger: Logger,
  replicas: Pick<Replicas, 'name' | 'erase'> = alone,
): Promise<OpenAuditTrail> {
  const vault = config.personalData && openPersonalDataVault(config.personalData.keyFile)
  const log = await openLog(config, vault, replicas.name, logger)
  const trail = createAuditTrail(log, logger)
  const keepMonths = config.personalData?.keepMonths
  const erasures = vault && keepErasures({ vault, auditTrail: trail, tellOthers: replicas.erase, keepMonths, logger })
  const deliveries = config.deliveries.map((delivery) => ({
    name: delivery.name,
    ...runDelivery(delivery, dataDirectory, log, logger),
  }))
  return {
    ...trail,
    get isWritable() {
      return trail.isWritable
    },
    erasures,
    deliveries: () =>
      deliveries.map(({ name, delivery, refused }) => ({
        name,
        behind: log.sequence - delivery.delivered,
        refused: refused(),
      })),
    close: () =>
      closeAll(
        deliveries.map(({ delivery }) => delivery),
        erasures,
        trail,
        vault,
      ),
  }
}

async function openLog(
  config: AuditConfig,
  vault: PersonalDataVault | undefined,
  replica: string,
  logger: Logger,
): Promise<AuditLog> {
  const { path, signingKeyFile, tileFolder } = config
  try {
    const log = await openAuditLog({
      path,
      signingKeyFile,
      tileFolder,
      origin: config.origin ?? statedOrigin(tileFolder) ?? originOf(replica),
      ...present({ personalData: vault }),
      onCheckpointProblem: (problem) => logger.error({ problem }, 'the audit log cannot be signed'),
    })
    if (log.recovery.tornBytes > 0)
      logger.warn({ tornBytes: log.recovery.tornBytes }, 'a record that a crash left unfinished was removed')
    return log
  } catch (cause) {
    vault?.close()
    throw new Error(`the audit log at ${describeStore(path)} cannot be opened: ${(cause as Error).message}`, { cause })
  }
}

/** Logs of replicas have different names, since their checkpoints are kept beside each other. */
function originOf(replica: string): string {
  return replica === soleName ? 'mcp-identity/audit' : `mcp-identity/audit/${replica}`
}

function runDelivery(config: DeliveryConfig, dataDirectory: string, log: AuditLog, logger: Logger) {
  const { name, target, format, authorizationHeader, withPersonalData } = config
  const { body, ...about } = exportFormats[format]
  const cursorFile = join(dataDirectory, `audit-delivered-${name}`)
  let refused = 0
  const headers = authorizationHeader === undefined ? {} : { authorization: authorizationHeader }
  const delivery = startDelivery({
    query: (query) => log.query({ ...query, sealed: !withPersonalData }),
    cursorFile,
    send: 'url' in target ? httpSender(target.url, { body, ...about, headers }) : fileSender(target.file, body),
    onProblem: (problem) =>
      logger.warn({ delivery: name, problem: (problem as Error).message }, 'audit records could not be delivered'),
    // Not on record: a receiver that refuses everything would be sent what tells of it, and refuse that.
    onRefused(records) {
      refused += records.refused
      logger.error(
        { delivery: name, ...records, file: `${cursorFile}.refused` },
        'a receiver refused audit records for good: they stay in the log, their numbers are in the file',
      )
    },
  })
  return { delivery, refused: () => refused }
}

async function closeAll(
  deliveries: readonly Delivery[],
  erasures: ErasureKeeper | undefined,
  trail: AuditTrail,
  vault: PersonalDataVault | undefined,
): Promise<void> {
  erasures?.stop()
  await Promise.all(deliveries.map((delivery) => delivery.stop()))
  await trail.close()
  vault?.close()
}
