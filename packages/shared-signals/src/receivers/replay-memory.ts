import { randomBytes } from 'node:crypto'
import { CutOffTable } from '../cut-off-table.ts'
import { KeyedHash } from '../keyed-hash.ts'
import { SignalDeferredError } from './refused-signal.ts'

export interface ReplayMemory {
  /** Whether this `jti` of this issuer was taken in before. */
  has(issuer: string, tokenId: string): boolean
  /**
   * Remembers it until the token would be too old anyway.
   *
   * @param expiresAt Seconds since the epoch.
   * @throws {SignalDeferredError} The memory is full of tokens that could still be replayed.
   */
  add(issuer: string, tokenId: string, expiresAt: number): void
}

/**
 * Remembers which signed messages were taken in, in 13 bytes a slot.
 *
 * It need not outlive the process: what a signal does it does once, so a replay after a restart changes nothing.
 */
export function createReplayMemory({ clock, maxEntries }: { clock: () => number; maxEntries: number }): ReplayMemory {
  const hash = new KeyedHash(new Uint32Array(new Uint8Array(randomBytes(8)).buffer))
  let table = new CutOffTable()
  return {
    has(issuer, tokenId) {
      hash.update(0, issuer, tokenId)
      return table.find(hash.low, hash.high) !== -1
    },
    add(issuer, tokenId, expiresAt) {
      if (table.isFull) table = table.rebuilt(Math.floor(clock()))
      if (table.size >= maxEntries) throw new SignalDeferredError('too many signals at once')
      hash.update(0, issuer, tokenId)
      table.raise(hash.low, hash.high, Math.ceil(expiresAt), 0)
    },
  }
}
