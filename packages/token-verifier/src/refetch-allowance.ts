import { BoundedMap } from './bounded-map.ts'

/** A bucket of permissions that fills again with time. */
interface Bucket {
  readonly capacity: number
  readonly refillMs: number
  level: number
  filledAt: number
}

/** Key ids remembered, known and unknown to the issuer alike. */
const maxRememberedIds = 16_384

/**
 * Says whether an unknown key id may cost a fetch of the key set, so that a flood of made-up ids costs next to nothing
 * and a key that was just rotated in is found at once.
 *
 * An id that is seen for the first time draws on a slow bucket. One that comes again draws on a quick one: a rotated
 * key is used again and again, an invented id is not. Either way an id that a fetch did not bring rests for a while.
 */
export class RefetchAllowance {
  readonly #firstSight: Bucket
  readonly #seenAgain: Bucket
  readonly #seen = new BoundedMap<true>(maxRememberedIds)
  readonly #resting = new BoundedMap<{ until: number; restMs: number }>(maxRememberedIds)

  constructor(now: number) {
    this.#firstSight = { capacity: 2, refillMs: 5000, level: 2, filledAt: now }
    this.#seenAgain = { capacity: 1, refillMs: 1500, level: 1, filledAt: now }
  }

  /** Says whether there is a permission for this id just now. An id that gets none has been seen. */
  isOpenTo(id: string, now: number): boolean {
    if ((this.#resting.get(id)?.until ?? 0) > now) return false
    if (levelOf(this.#bucketFor(id), now) > 0) return true
    this.#seen.touch(id, true)
    return false
  }

  /** Takes one permission for this id, if there is one. */
  take(id: string, now: number): boolean {
    if (!this.isOpenTo(id, now)) return false
    takeFrom(this.#bucketFor(id), now)
    return true
  }

  /** The first fetch of a key set counts as one for an id that was not known. */
  noteFirstFetch(now: number): void {
    if (levelOf(this.#firstSight, now) > 0) takeFrom(this.#firstSight, now)
  }

  /** A fetch did not bring this id: it rests for 1.5 s, then for twice as long each time, up to 12 s. */
  noteMissing(id: string, now: number): void {
    const restMs = Math.min((this.#resting.get(id)?.restMs ?? 750) * 2, 12_000)
    this.#resting.set(id, { until: now + restMs, restMs })
    this.#seen.set(id, true)
  }

  #bucketFor(id: string): Bucket {
    return this.#seen.get(id) ? this.#seenAgain : this.#firstSight
  }
}

/** What is in a bucket, after what flowed in by now. */
function levelOf(bucket: Bucket, now: number): number {
  const refills = Math.floor((now - bucket.filledAt) / bucket.refillMs)
  bucket.level = Math.min(bucket.capacity, bucket.level + refills)
  bucket.filledAt += refills * bucket.refillMs
  return bucket.level
}

function takeFrom(bucket: Bucket, now: number): void {
  if (bucket.level === bucket.capacity) bucket.filledAt = now
  bucket.level -= 1
}
