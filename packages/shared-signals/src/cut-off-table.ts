/** Never more than this share of the slots is taken, in percent: probes stay short. */
const maxLoadPercent = 70
const smallestCapacity = 1024

/**
 * Open-addressing table from a 64-bit hash to a time and one byte, in four typed arrays: 13 bytes a slot.
 *
 * Entries only move forward in time and are never removed one by one: {@link CutOffTable.rebuilt} leaves out what is
 * older than a given time. Two keys with the same hash share an entry, which can only refuse too much; with 64 keyed
 * bits and 10⁶ entries that happens to one look-up in 10¹³.
 */
export class CutOffTable {
  size = 0
  #low: Uint32Array
  #high: Uint32Array
  #time: Uint32Array
  #mark: Uint8Array
  #mask: number

  /** @param capacity Slots, rounded up to a power of two; at least 1,024. */
  constructor(capacity = smallestCapacity) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(capacity, smallestCapacity)))
    this.#low = new Uint32Array(slots)
    this.#high = new Uint32Array(slots)
    this.#time = new Uint32Array(slots)
    this.#mark = new Uint8Array(slots)
    this.#mask = slots - 1
  }

  /** Bytes held by the arrays. */
  get bytes(): number {
    return (this.#mask + 1) * 13
  }

  get isFull(): boolean {
    return this.size * 100 >= (this.#mask + 1) * maxLoadPercent
  }

  /** The slot of an entry, or -1. */
  find(low: number, high: number): number {
    let slot = low & this.#mask
    const taken = high === 0 ? 1 : high
    while (this.#high[slot] !== 0) {
      if (this.#low[slot] === low && this.#high[slot] === taken) return slot
      slot = (slot + 1) & this.#mask
    }
    return -1
  }

  timeAt(slot: number): number {
    return this.#time[slot] as number
  }

  markAt(slot: number): number {
    return this.#mark[slot] as number
  }

  /**
   * Moves an entry forward, or adds it. The caller makes room first, see {@link CutOffTable.isFull}.
   *
   * @param mark One byte kept beside the time.
   * @returns false when the entry already stood at this time or later.
   */
  raise(low: number, high: number, time: number, mark: number): boolean {
    let slot = low & this.#mask
    const taken = high === 0 ? 1 : high
    while (this.#high[slot] !== 0) {
      if (this.#low[slot] === low && this.#high[slot] === taken) return this.#raiseAt(slot, time, mark)
      slot = (slot + 1) & this.#mask
    }
    this.#low[slot] = low
    this.#high[slot] = taken
    this.#time[slot] = time
    this.#mark[slot] = mark
    this.size++
    return true
  }

  /** A table with room to grow that holds the entries at or after `oldest`. */
  rebuilt(oldest: number): CutOffTable {
    let kept = 0
    for (let slot = 0; slot <= this.#mask; slot++) if (this.#holds(slot, oldest)) kept++
    const next = new CutOffTable(Math.ceil((kept + 1) * (140 / maxLoadPercent)))
    for (let slot = 0; slot <= this.#mask; slot++) {
      if (this.#holds(slot, oldest)) next.#take(this, slot)
    }
    return next
  }

  /** Calls back with every entry. */
  each(visit: (low: number, high: number, time: number, mark: number) => void): void {
    for (let slot = 0; slot <= this.#mask; slot++) {
      if (this.#high[slot] !== 0) {
        visit(
          this.#low[slot] as number,
          this.#high[slot] as number,
          this.#time[slot] as number,
          this.#mark[slot] as number,
        )
      }
    }
  }

  #holds(slot: number, oldest: number): boolean {
    return this.#high[slot] !== 0 && (this.#time[slot] as number) >= oldest
  }

  #take(from: CutOffTable, slot: number): void {
    this.raise(
      from.#low[slot] as number,
      from.#high[slot] as number,
      from.#time[slot] as number,
      from.#mark[slot] as number,
    )
  }

  #raiseAt(slot: number, time: number, mark: number): boolean {
    if ((this.#time[slot] as number) >= time) return false
    this.#time[slot] = time
    this.#mark[slot] = mark
    return true
  }
}
