import Database from 'better-sqlite3'
import { AuditLogError } from './audit-errors.ts'

/**
 * Makes this the only writer of a log. SQLite holds the operating system's lock on `<path>.lock`, which ends with
 * the process however it ends.
 *
 * @returns Gives the lock back.
 * @throws {AuditLogError} Another process, or this one, already writes this log.
 */
export function lockForWriting(path: string): () => void {
  const lock = new Database(`${path}.lock`, { timeout: 0 })
  try {
    lock.pragma('locking_mode = EXCLUSIVE')
    lock.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    throw new AuditLogError(`${path} is being written by another process`, { cause })
  }
  return () => lock.close()
}
