import type { Fleet } from './fleet.ts'

/** What every load is told. */
export interface LoadOptions {
  readonly replicas: number
  /** Each with a token of his or her own. */
  readonly people: number
  /** How long the replicas are under load. */
  readonly seconds: number
  /** Good calls a second, over all replicas. */
  readonly rate: number
}

/** One load on a fleet. */
export interface LoadRun extends LoadOptions {
  readonly fleet: Fleet
  /** Ends it early, with what was measured. */
  readonly signal: AbortSignal
  /** Told what goes on, for who waits. */
  tell(line: string): void
}
