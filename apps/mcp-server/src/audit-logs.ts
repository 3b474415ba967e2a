import type { AuditLog, AuditQuery, AuditRecord, RecordClaim } from '@mcp-identity/audit-log'
import { type LogPage, type LogPageParameters, readLogPage } from './log-page.ts'

/** A record, and the name of the log that it is in. */
export type LoggedRecord = AuditRecord & { log: string }

/** A log that can be read: this replica's own, or another's. Names are those of replicas. */
export interface ReadableLog {
  readonly name: string
  query(query: AuditQuery): Promise<AuditRecord[]>
  page(parameters: LogPageParameters): Promise<LogPage>
  checkpoint(): Promise<{ checkpoint: string; verifierKey: string }>
  /** Undefined: there is no such record. */
  prove(sequence: number): Promise<RecordClaim | undefined>
}

/** A log whose records are missing in an answer. */
export interface UnreadLog {
  /** Null: it is not known which logs there are. */
  log: string | null
  problem: string
}

/** What came of asking several logs, or replicas, the same. */
export interface ReadLogs<Result, Log extends { name: string } = ReadableLog> {
  read: { log: Log; result: Result }[]
  unread: UnreadLog[]
}

/** The audit logs of all replicas. */
export interface AuditLogs {
  readonly own: ReadableLog
  /** Logs of other replicas, asked anew each time; empty where there is one server only. */
  others(): Promise<{ logs: ReadableLog[]; unread: UnreadLog[] }>
}

/** Another replica's log cannot be read; the message may be shown to whoever may read the log. */
export class LogUnreadError extends Error {
  constructor(problem: string, options?: ErrorOptions) {
    super(problem, options)
    this.name = 'LogUnreadError'
  }
}

/** No replica has a log of this name. */
export class UnknownLogError extends LogUnreadError {
  constructor(name: string) {
    super(`there is no log ${name}`)
    this.name = 'UnknownLogError'
  }
}

/** This replica's own log. */
export function ownLog(
  name: string,
  auditLog: Pick<AuditLog, 'query' | 'checkpoint' | 'verifierKey' | 'prove'>,
): ReadableLog {
  return {
    name,
    query: (query) => auditLog.query(query),
    page: (parameters) => readLogPage(auditLog.query, parameters),
    async checkpoint() {
      const verifierKey = await auditLog.verifierKey()
      return { checkpoint: await auditLog.checkpoint(), verifierKey }
    },
    async prove(sequence) {
      try {
        return await auditLog.prove(sequence)
      } catch (error) {
        if (error instanceof RangeError) return undefined
        throw error
      }
    },
  }
}

/** Stands for the log of the replica that is asked, whatever its name. */
export const ownName = 'own'

/** The log of a server that is on its own. */
export function onlyLog(own: ReadableLog): AuditLogs {
  return { own, others: async () => ({ logs: [], unread: [] }) }
}

/**
 * Asks all logs, or the one that is named, {@link ownName} included, at the same time.
 *
 * @throws {UnknownLogError} The named one is none.
 * @throws {LogUnreadError} The named one could not be read.
 * @throws This replica's own log could not be read.
 */
export async function readLogs<Result>(
  { own, others }: AuditLogs,
  work: (log: ReadableLog) => Promise<Result>,
  named?: string,
): Promise<ReadLogs<Result>> {
  if (named === own.name || named === ownName) return { read: [{ log: own, result: await work(own) }], unread: [] }
  const known = await others()
  if (named !== undefined) return readNamed(known, work, named)
  return readEach([own, ...known.logs], work, known.unread)
}

async function readNamed<Result>(
  { logs, unread }: Awaited<ReturnType<AuditLogs['others']>>,
  work: (log: ReadableLog) => Promise<Result>,
  name: string,
): Promise<ReadLogs<Result>> {
  const log = logs.find((one) => one.name === name)
  if (log === undefined && unread[0] !== undefined) throw new LogUnreadError(unread[0].problem)
  if (log === undefined) throw new UnknownLogError(name)
  return { read: [{ log, result: await work(log) }], unread: [] }
}

/** Asks each of some logs; those that cannot be read are named. */
export async function readEach<Result, Log extends { name: string }>(
  logs: readonly Log[],
  work: (log: Log) => Promise<Result>,
  alreadyUnread: readonly UnreadLog[] = [],
): Promise<ReadLogs<Result, Log>> {
  const unread = [...alreadyUnread]
  const answers = await Promise.all(
    logs.map((log) =>
      work(log).then(
        (result) => ({ log, result }),
        (error: unknown) => {
          if (!(error instanceof LogUnreadError)) throw error
          unread.push({ log: log.name, problem: error.message })
          return undefined
        },
      ),
    ),
  )
  return { read: answers.filter((answer) => answer !== undefined), unread }
}

/** Records of several logs in the order of time; those of one log stay in its own. */
export function inOrderOfTime(
  read: readonly { log: { name: string }; result: readonly AuditRecord[] }[],
): LoggedRecord[] {
  const left = read.map(({ log, result }) => ({ log: log.name, records: result, at: 0 }))
  const merged: LoggedRecord[] = []
  for (;;) {
    const [first] = left
      .filter(({ records, at }) => at < records.length)
      .sort((one, other) => (timeOfNext(one) < timeOfNext(other) ? -1 : 1))
    const record = first?.records[first.at]
    if (first === undefined || record === undefined) return merged
    merged.push({ ...record, log: first.log })
    first.at += 1
  }
}

function timeOfNext({ records, at }: { records: readonly AuditRecord[]; at: number }): string {
  return records[at]?.event.time ?? ''
}
