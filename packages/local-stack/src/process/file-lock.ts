import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity.ts'

export type LockOutcome =
  | { outcome: 'acquired' /** Gives the lock back. Safe to call twice. */; release(): void }
  | { outcome: 'held'; owner: ProcessIdentity }

/**
 * Takes a lock that one process at a time can hold.
 *
 * The lock names its owner, so that the lock of a process that was killed counts for nothing: there is no time to wait
 * out. Works on file systems that have hard links.
 *
 * @param path The lock's file; its folder is made when missing.
 * @param owner For tests; this process by default.
 */
export function acquireLock(
  path: string,
  owner: ProcessIdentity | undefined = identifyProcess(process.pid),
): LockOutcome {
  if (owner === undefined) throw new TypeError('the owner of a lock must be a running process')
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  for (;;) {
    if (createWhole(path, JSON.stringify(owner))) return { outcome: 'acquired', release: () => release(path, owner) }
    const holder = readLockOwner(path)
    if (holder !== undefined && isRunning(holder)) return { outcome: 'held', owner: holder }
    removeStale(path)
  }
}

/**
 * Takes the lock as soon as its owner gives it back or ends.
 *
 * @param onWait Told once, when there is someone to wait for.
 */
export async function waitForLock(
  path: string,
  { signal, onWait }: { signal?: AbortSignal | undefined; onWait?: (owner: ProcessIdentity) => void } = {},
): Promise<{ release(): void }> {
  let told = false
  for (;;) {
    const attempt = acquireLock(path)
    if (attempt.outcome === 'acquired') return attempt
    if (!told) onWait?.(attempt.owner)
    told = true
    await delay(200, undefined, { signal })
  }
}

/** Reads who holds a lock; `undefined` when nobody does or the file is not a lock. */
export function readLockOwner(path: string): ProcessIdentity | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return isProcessIdentity(owner) ? owner : undefined
  } catch {
    return undefined
  }
}

function isProcessIdentity(value: unknown): value is ProcessIdentity {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'startedAt' in value &&
    typeof value.startedAt === 'string'
  )
}

/** A link appears with all of its content or not at all, and only where nothing was. */
function createWhole(path: string, content: string): boolean {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, content, { mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Moves the lock aside before judging it again: of two who found it stale, one must not remove the other's new lock. */
function removeStale(path: string): void {
  const aside = `${path}.${process.pid}.stale`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (isCode(error, 'ENOENT')) return
    throw error
  }
  const owner = readLockOwner(aside)
  if (owner !== undefined && isRunning(owner)) createWhole(path, readFileSync(aside, 'utf8'))
  rmSync(aside, { force: true })
}

function release(path: string, owner: ProcessIdentity): void {
  const holder = readLockOwner(path)
  if (holder?.pid === owner.pid && holder.startedAt === owner.startedAt) rmSync(path, { force: true })
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
