/**
 * HalfSipHash-1-3 with 64 bits of output over strings, keyed at random in each process.
 *
 * Keyed, so that nobody who can choose an identifier can choose where it lands in the table. The result is left in
 * `low` and `high` rather than returned: the look-up runs on every call and allocates nothing.
 */
export class KeyedHash {
  low = 0
  high = 0
  readonly #key0: number
  readonly #key1: number
  #v0 = 0
  #v1 = 0
  #v2 = 0
  #v3 = 0

  /** @param key Two words of 32 bits. */
  constructor(key: Uint32Array) {
    if (key.length !== 2) throw new TypeError('the key of the hash must be two words of 32 bits')
    this.#key0 = key[0] as number
    this.#key1 = key[1] as number
  }

  /**
   * Hashes a number and up to two strings. The strings are told apart by their lengths, so ('ab', 'c') and ('a', 'bc')
   * differ.
   */
  update(prefix: number, first: string, second: string): void {
    this.#v0 = this.#key0
    this.#v1 = this.#key1 ^ 0xee
    this.#v2 = 0x6c796765 ^ this.#key0
    this.#v3 = 0x74656462 ^ this.#key1
    this.#absorb(prefix)
    this.#absorbString(first)
    this.#absorbString(second)
    this.#finish()
  }

  #absorbString(text: string): void {
    const even = text.length & ~1
    for (let i = 0; i < even; i += 2) this.#absorb(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16))
    if (even < text.length) this.#absorb(text.charCodeAt(even))
    this.#absorb(text.length)
  }

  #absorb(word: number): void {
    this.#v3 ^= word
    this.#round()
    this.#v0 ^= word
  }

  #finish(): void {
    this.#v2 ^= 0xee
    this.#round()
    this.#round()
    this.#round()
    this.low = (this.#v1 ^ this.#v3) >>> 0
    this.#v1 ^= 0xdd
    this.#round()
    this.#round()
    this.#round()
    this.high = (this.#v1 ^ this.#v3) >>> 0
  }

  #round(): void {
    let v0 = this.#v0
    let v1 = this.#v1
    let v2 = this.#v2
    let v3 = this.#v3
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    this.#v0 = v0
    this.#v1 = v1
    this.#v2 = v2
    this.#v3 = v3
  }
}
