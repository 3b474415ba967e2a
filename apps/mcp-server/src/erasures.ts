import type { AuditEvent, Erasure, PersonalDataVault } from '@mcp-identity/audit-log'
import type { Logger } from 'pino'
import { present } from './audit-events.ts'
import type { UnreadLog } from './audit-logs.ts'
import type { AuditTrail } from './audit-trail.ts'

/** Whose personal data, or of which months. */
export type ErasedData = Pick<Erasure, 'subject' | 'beforeMonth'>

export interface ErasureKeeper {
  /**
   * Erases what another replica has erased. It is put on record here and not told on: somebody who goes on calling would be
   * erased round and round.
   */
  eraseAsTold(what: ErasedData): void
  stop(): void
}

export interface ErasureKeeperParts {
  vault: Pick<PersonalDataVault, 'erase' | 'eraseBefore' | 'erasuresToRecord' | 'markRecorded'>
  auditTrail: Pick<AuditTrail, 'record'>
  /** Has the other replicas erase the same. @returns who could not be told. */
  tellOthers(erasure: Erasure): Promise<UnreadLog[]>
  /** Whole months that personal data is kept besides the current one. Undefined: until somebody erases it. */
  keepMonths: number | undefined
  logger: Pick<Logger, 'error' | 'warn'>
  /** Seconds since the epoch. Default: the system clock. */
  clock?: () => number
  intervalMs?: number
}

const dayMs = 24 * 60 * 60 * 1000

/**
 * Erases personal data that is older than it may be, puts every erasure on record, also those of the command, and has the
 * other replicas erase the same: one that cannot be told now is told later.
 */
export function keepErasures(parts: ErasureKeeperParts): ErasureKeeper {
  const {
    vault,
    auditTrail,
    tellOthers,
    keepMonths,
    logger,
    clock = () => Date.now() / 1000,
    intervalMs = 1_000,
  } = parts
  let isRecording = false
  /** On record already, while somebody still has to be told. */
  const recorded = new Set<number>()
  /** Those that another replica has told of. */
  const told = new Set<number>()
  let lastUntold = ''
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
      const untold: UnreadLog[] = []
      for (const erasure of vault.erasuresToRecord()) {
        if (!recorded.has(erasure.number)) await auditTrail.record(recordOf(erasure))
        recorded.add(erasure.number)
        const missed = told.has(erasure.number) ? [] : await tellOthers(erasure)
        untold.push(...missed)
        if (missed.length > 0) continue
        vault.markRecorded(erasure)
        recorded.delete(erasure.number)
        told.delete(erasure.number)
      }
      noteUntold(untold)
    } catch (error) {
      logger.error({ err: error }, 'erased personal data could not be put on record')
    }
    isRecording = false
  }

  function noteUntold(untold: readonly UnreadLog[]): void {
    const names = [...new Set(untold.map(({ log }) => log ?? 'replicas'))].join(', ')
    if (names !== '' && names !== lastUntold)
      logger.warn({ replicas: names }, 'personal data is still to be erased elsewhere')
    lastUntold = names
  }

  const timer = setInterval(() => void recordErasures(), intervalMs).unref()
  void recordErasures()
  return {
    eraseAsTold({ subject, beforeMonth }) {
      const before = new Set(vault.erasuresToRecord().map(({ number }) => number))
      if (subject !== undefined) vault.erase(subject)
      if (beforeMonth !== undefined) vault.eraseBefore(`${beforeMonth}-01T00:00:00Z`)
      for (const { number } of vault.erasuresToRecord()) if (!before.has(number)) told.add(number)
    },
    stop: () => clearInterval(timer),
  }
}

/** Says it in the reason: details would be encrypted with a new key of the person who was just erased. */
function recordOf({ subject, beforeMonth, keys }: Erasure): AuditEvent {
  const what = `${keys} ${keys === 1 ? 'key' : 'keys'} dropped`
  return present({
    phase: 'security',
    action: 'personal_data_erased',
    outcome: 'succeeded',
    issuer: subject?.issuer,
    subject: subject?.subject,
    reason: beforeMonth === undefined ? what : `${what}, of all months before ${beforeMonth}`,
  })
}

function monthsBefore(now: Date, months: number): string {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1)).toISOString()
}
