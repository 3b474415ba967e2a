import type { AlgorithmRow, SignatureAlgorithm } from './algorithms.ts'
import { readVerificationKey, type VerificationKey } from './verification-key.ts'

/** Most entries of a key set that are read; a set that is larger is not a key set. */
const maxKeys = 5000

/** The usable keys of one fetched key set. */
export class KeyRing {
  readonly #byId: ReadonlyMap<string, readonly VerificationKey[]>
  readonly #byEntry: ReadonlyMap<string, VerificationKey>

  private constructor(byEntry: ReadonlyMap<string, VerificationKey>) {
    this.#byEntry = byEntry
    const byId = new Map<string, VerificationKey[]>()
    for (const key of byEntry.values()) {
      if (key.id !== undefined) byId.set(key.id, [...(byId.get(key.id) ?? []), key])
    }
    this.#byId = byId
  }

  /**
   * Reads a key set (RFC 7517 section 5): sound entries are kept, all others skipped. Keys that `previous` has too
   * stay the same objects; those that are gone are marked as withdrawn.
   *
   * @returns `undefined` when the document is not a key set.
   */
  static read(
    document: Record<string, unknown>,
    algorithms: readonly SignatureAlgorithm[],
    previous?: KeyRing,
  ): KeyRing | undefined {
    const { keys: entries } = document
    if (!Array.isArray(entries) || entries.length > maxKeys) return undefined
    const byEntry = new Map<string, VerificationKey>()
    for (const entry of entries) {
      const text = JSON.stringify(entry)
      const key = previous?.keyOf(text) ?? readVerificationKey(entry, algorithms)
      if (key !== undefined) byEntry.set(text, key)
    }
    previous?.withdrawAllBut(byEntry)
    return new KeyRing(byEntry)
  }

  /** The ids that keys have. */
  get ids(): readonly string[] {
    return [...this.#byId.keys()]
  }

  /** Every key of that id, whatever its algorithm; more than one only if the issuer gave an id twice. */
  withId(id: string): readonly VerificationKey[] {
    return this.#byId.get(id) ?? []
  }

  /** The key for a token that names none: the only one of its algorithm, if there is exactly one. */
  onlyKeyFor(algorithm: AlgorithmRow): readonly VerificationKey[] {
    const fitting = [...this.#byEntry.values()].filter((key) => key.algorithm === algorithm)
    return fitting.length === 1 ? fitting : []
  }

  /** The key read from an entry, by its text. */
  keyOf(entry: string): VerificationKey | undefined {
    return this.#byEntry.get(entry)
  }

  /** Marks the keys that a newer set no longer has. */
  withdrawAllBut(kept: ReadonlyMap<string, VerificationKey>): void {
    for (const [text, key] of this.#byEntry) if (!kept.has(text)) key.withdrawn = true
  }
}
