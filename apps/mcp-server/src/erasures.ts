import type { Erasure, PersonalDataVault } from '@mcp-identity/audit-log'
import type { Logger } from 'pino'
import { present } from './audit-events.ts'
import type { AuditTrail } from './audit-trail.ts'

export interface ErasureKeeper {
  stop(): void
}

export interface ErasureKeeperParts {
  vault: Pick<PersonalDataVault, 'eraseBefore' | 'erasuresToRecord' | 'markRecorded'>
  auditTrail: Pick<AuditTrail, 'record'>
  /** Whole months that personal data is kept besides the current one. Undefined: until somebody erases it. */
  keepMonths: number | undefined
  logger: Pick<Logger, 'error'>
  /** Seconds since the epoch. Default: the system clock. */
  clock?: () => number
  intervalMs?: number
}

const dayMs = 24 * 60 * 60 * 1000

/** Erases personal data that is older than it may be, and puts every erasure on record, also those of the command. */
export function keepErasures(parts: ErasureKeeperParts): ErasureKeeper {
  const { vault, auditTrail, keepMonths, logger, clock = () => Date.now() / 1000, intervalMs = 1_000 } = parts
  let isRecording = false
  let nextRetentionAt = 0

  function eraseWhatIsOld(): void {
    const now = clock() * 1000
    if (keepMonths === undefined || now < nextRetentionAt) return
    nextRetentionAt = now + dayMs
    vault.eraseBefore(monthsBefore(new Date(now), keepMonths))
  }

  async function recordErasures(): Promise<void> {
    if (isRecording) return
    isRecording = true
    try {
      eraseWhatIsOld()
      for (const erasure of vault.erasuresToRecord()) {
        await auditTrail.record({
          phase: 'security',
          action: 'personal_data_erased',
          outcome: 'succeeded',
          ...membersOf(erasure),
        })
        vault.markRecorded(erasure)
      }
    } catch (error) {
      logger.error({ err: error }, 'erased personal data could not be put on record')
    }
    isRecording = false
  }

  const timer = setInterval(() => void recordErasures(), intervalMs).unref()
  void recordErasures()
  return { stop: () => clearInterval(timer) }
}

/** Says it in the reason: details would be encrypted with a new key of the person who was just erased. */
function membersOf({ subject, beforeMonth, keys }: Erasure) {
  const what = `${keys} ${keys === 1 ? 'key' : 'keys'} dropped`
  return present({
    issuer: subject?.issuer,
    subject: subject?.subject,
    reason: beforeMonth === undefined ? what : `${what}, of all months before ${beforeMonth}`,
  })
}

function monthsBefore(now: Date, months: number): string {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1)).toISOString()
}
