import type { SignatureAlgorithm } from './algorithms.ts'
import { type Fetch, type FetchLimits, fetchJsonObject } from './fetch-document.ts'
import { KeyRing } from './key-ring.ts'
import { RefetchAllowance } from './refetch-allowance.ts'
import { KeySetUnavailableError } from './unavailable-error.ts'

/** How key sets are fetched and kept. */
export interface KeySetSettings extends FetchLimits {
  /** Age at which a key set is fetched again, in milliseconds: a withdrawn key lives no longer than this. */
  readonly refreshMs: number
  /** How much longer a key set is used while the issuer cannot be reached, in milliseconds. */
  readonly staleMs: number
  /** Told when a key set that was fetched again holds other keys than before. Must not throw. */
  readonly onChange?: (change: KeySetChange) => void
}

/** What became of an issuer's key set since it was fetched last: key ids (`kid`), where keys have one. */
export interface KeySetChange {
  readonly issuer: string
  readonly added: readonly string[]
  readonly withdrawn: readonly string[]
}

/** Where a key set is, and what to take out of it. */
export interface KeySetSource {
  readonly issuer: string
  /** Gives the address of the key set; may have to ask the issuer's metadata. */
  readonly locate: () => Promise<URL>
  readonly algorithms: readonly SignatureAlgorithm[]
}

/** Waits between attempts while the issuer cannot be reached, in milliseconds. */
const backOffMs = [500, 1000, 2000, 4000, 5000]

/** Calls that may wait for one fetch because of a key id that is not known. More are refused at once. */
const maxWaitingForUnknownKey = 1000

/** Part of the refresh age after which a key set in use is fetched in the background. */
const backgroundShare = 0.8

/**
 * The key set of one issuer: fetched when first needed, by one request however many calls wait for it, and again
 * before it is too old, in the background while it is in use. Keeps no process alive.
 */
export class KeySet {
  readonly #source: KeySetSource
  readonly #settings: KeySetSettings
  readonly #fetch: Fetch
  readonly #allowance = new RefetchAllowance(performance.now())
  #ring: KeyRing | undefined
  #fetchedAt = 0
  #underWay: Promise<KeyRing> | undefined
  #failures = 0
  #retryAt = 0
  #waiting = 0
  // Stryker disable next-line BooleanLiteral: it is asked after a fetch, which sets it anew.
  #isUsed = false
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(source: KeySetSource, settings: KeySetSettings, fetchFrom: Fetch) {
    this.#source = source
    this.#settings = settings
    this.#fetch = fetchFrom
  }

  /** The keys, when they can be used without waiting. */
  get current(): KeyRing | undefined {
    const age = performance.now() - this.#fetchedAt
    this.#isUsed = true
    if (age <= this.#settings.refreshMs) return this.#ring
    if (this.#failures === 0 || !this.#isWithinLimit()) return undefined
    this.#refreshInBackground()
    return this.#ring
  }

  /**
   * The keys, fetched first if they are too old.
   *
   * @throws {KeySetUnavailableError} They could not be fetched and those at hand, if any, are beyond the limit.
   */
  async load(): Promise<KeyRing> {
    if (this.current !== undefined) return this.current
    try {
      return await this.#refresh()
    } catch (error) {
      if (this.#ring !== undefined && this.#isWithinLimit()) return this.#ring
      throw error
    }
  }

  /**
   * True when a token with this key id can only be refused just now: the keys are at hand and lack it, and they may
   * not be fetched again on its account.
   */
  isWithout(keyId: string): boolean {
    const ring = this.current
    if (ring === undefined || ring.withId(keyId).length > 0) return false
    return this.#underWay === undefined && !this.#isBackingOff() && !this.#allowance.isOpenTo(keyId, performance.now())
  }

  /**
   * Fetches the keys again because of a key id they lack, if that is allowed just now; `undefined` if it is not.
   *
   * @throws {KeySetUnavailableError} The issuer cannot be reached, so nobody can tell whether the key exists.
   */
  loadFor(keyId: string): Promise<KeyRing> | undefined {
    if (this.#isBackingOff()) throw this.#unavailable()
    if (this.#waiting >= maxWaitingForUnknownKey) return undefined
    if (this.#underWay === undefined && !this.#allowance.take(keyId, performance.now())) return undefined
    return this.#waitFor(keyId)
  }

  /** Ends the background refresh. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  async #waitFor(keyId: string): Promise<KeyRing> {
    this.#waiting += 1
    try {
      const ring = await this.#refresh()
      if (ring.withId(keyId).length === 0) this.#allowance.noteMissing(keyId, performance.now())
      return ring
    } finally {
      this.#waiting -= 1
    }
  }

  #refresh(): Promise<KeyRing> {
    if (this.#underWay === undefined) {
      if (this.#isBackingOff()) return Promise.reject(this.#unavailable())
      this.#underWay = this.#fetchKeys().finally(() => {
        this.#underWay = undefined
      })
    }
    return this.#underWay
  }

  #refreshInBackground(): void {
    // Stryker disable next-line all: one fetch at a time and the waits between are seen to below.
    if (this.#underWay !== undefined || this.#isBackingOff()) return
    // A failure is remembered where it happens; nobody waits for this one.
    this.#refresh().catch(() => undefined)
  }

  async #fetchKeys(): Promise<KeyRing> {
    if (this.#ring === undefined) this.#allowance.noteFirstFetch(performance.now())
    const startedAt = performance.now()
    try {
      const document = await fetchJsonObject(await this.#source.locate(), this.#settings, this.#fetch)
      const ring = KeyRing.read(document, this.#source.algorithms, this.#ring)
      if (ring === undefined) throw new Error('it did not answer with a key set')
      this.#keep(ring, startedAt)
      return ring
    } catch (error) {
      this.#failures += 1
      this.#retryAt = performance.now() + (backOffMs[this.#failures - 1] ?? 5000)
      throw this.#unavailable(error)
    }
  }

  #keep(ring: KeyRing, startedAt: number): void {
    const previous = this.#ring
    this.#ring = ring
    if (previous !== undefined) this.#tellChange(previous, ring)
    this.#fetchedAt = startedAt
    this.#failures = 0
    this.#isUsed = false
    this.#schedule()
  }

  #tellChange(previous: KeyRing, ring: KeyRing): void {
    const added = ring.ids.filter((id) => previous.withId(id).length === 0)
    const withdrawn = previous.ids.filter((id) => ring.withId(id).length === 0)
    if (added.length + withdrawn.length === 0) return
    this.#settings.onChange?.({ issuer: this.#source.issuer, added, withdrawn })
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      if (this.#isUsed) this.#refreshInBackground()
    }, this.#settings.refreshMs * backgroundShare)
    this.#timer.unref()
  }

  #isWithinLimit(): boolean {
    return performance.now() - this.#fetchedAt <= this.#settings.refreshMs + this.#settings.staleMs
  }

  #isBackingOff(): boolean {
    return performance.now() < this.#retryAt
  }

  #unavailable(cause?: unknown): KeySetUnavailableError {
    const detail = cause instanceof Error ? `: ${cause.message}` : ''
    const waitSeconds = (this.#retryAt - performance.now()) / 1000
    return new KeySetUnavailableError(`the key set of ${this.#source.issuer} cannot be fetched${detail}`, waitSeconds, {
      cause,
    })
  }
}
