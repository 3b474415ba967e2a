/**
 * A map that never holds more than it was told to. Entries live in two generations: when the young one is full it
 * becomes the old one and the old one is forgotten, so every operation costs the same and what is used stays.
 */
export class BoundedMap<Value> {
  readonly #maxEntries: number
  readonly #maxBytes: number
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()
  #youngBytes = 0

  /** Both bounds are for the whole map; each generation gets half. */
  constructor(maxEntries: number, maxBytes = Number.POSITIVE_INFINITY) {
    this.#maxEntries = maxEntries / 2
    this.#maxBytes = maxBytes / 2
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** The value, wherever it is. */
  get(key: string): Value | undefined {
    return this.#young.get(key) ?? this.#old.get(key)
  }

  /**
   * The value, for one that uses it.
   *
   * @param keep Called when the entry would be forgotten soon: to `set` it again.
   */
  recall(key: string, keep: (value: Value) => void): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) keep(old)
    return old
  }

  /** @param bytes What the entry is reckoned to occupy. */
  set(key: string, value: Value, bytes = 0): void {
    if (this.#young.size + 1 > this.#maxEntries || this.#youngBytes + bytes > this.#maxBytes) this.#turn()
    this.#young.set(key, value)
    this.#old.delete(key)
    this.#youngBytes += bytes
  }

  /** Sets the entry unless it is young already: for one that is named again and again. */
  touch(key: string, value: Value): void {
    if (!this.#young.has(key)) this.set(key, value)
  }

  #turn(): void {
    this.#old = this.#young
    this.#young = new Map()
    this.#youngBytes = 0
  }
}
