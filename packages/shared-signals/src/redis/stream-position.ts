/** How far a replica has read. */
export interface StreamPosition {
  /** Names this life of the stream: a store that lost its data begins another. */
  epoch: string
  /** Of the last entry read; entries are numbered without a gap. */
  sequence: number
  /** The entry's own mark, so that a number which was given twice, as after a failover, is noticed. */
  mark: string
}

/** Keeps across restarts how far this replica has read. */
export interface PositionStore {
  load(): StreamPosition | undefined
  save(position: StreamPosition): void
}
