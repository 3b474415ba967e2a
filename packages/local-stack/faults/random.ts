/** Numbers that look random and come again with the same seed. */
export interface Random {
  /** At or above 0, below 1. */
  next(): number
  /** A time between both, in whole milliseconds. */
  between(least: number, most: number): number
  chance(share: number): boolean
  /** @throws {TypeError} There is nothing to choose from. */
  choose<Item>(items: readonly Item[]): Item
  /** Another sequence that depends on this seed and the name alone, for what goes on beside. */
  fork(name: string): Random
}

/** Mulberry32, by a 32-bit seed: for choosing faults, not for secrets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    between: (least, most) => Math.floor(least + next() * (most - least + 1)),
    chance: (share) => next() < share,
    choose(items) {
      if (items.length === 0) throw new TypeError('there is nothing to choose from')
      return items[Math.floor(next() * items.length)] as (typeof items)[number]
    },
    fork: (name) =>
      createRandom([...name].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193), seed)),
  }
}
