/**
 * Values that come and go quickly, by number.
 *
 * A `Map` that loses as many entries as it gains is rehashed again and again, and each table that it leaves behind keeps
 * the next one alive, with all that both held, until the whole heap is collected: under load every request then outlives
 * its answer. Here places are used again, and nothing is left behind.
 */
export interface Slots<Value> {
  /** Puts a value in and returns its number, which no other value gets. */
  add(value: Value): number
  get(number: number): Value | undefined
  /** Takes a value out; does nothing when it is not there any more. */
  delete(number: number): void
}

/** So many values fit in at a time; numbers stay safe integers for 2^33 uses of each place. */
const PLACES = 2 ** 20

/** Makes an empty {@link Slots}. */
export function createSlots<Value extends object>(): Slots<Value> {
  const values: (Value | undefined)[] = []
  const numbers: number[] = []
  const free: number[] = []

  function placeOf(number: number): number | undefined {
    const place = number % PLACES
    return numbers[place] === number ? place : undefined
  }

  return {
    add(value) {
      const place = free.pop() ?? values.length
      if (place >= PLACES) throw new RangeError(`more than ${PLACES} values at a time`)
      values[place] = value
      const number = (numbers[place] ?? place) + PLACES
      numbers[place] = number
      return number
    },
    get(number) {
      const place = placeOf(number)
      return place === undefined ? undefined : values[place]
    },
    delete(number) {
      const place = placeOf(number)
      if (place === undefined || values[place] === undefined) return
      values[place] = undefined
      free.push(place)
    },
  }
}
