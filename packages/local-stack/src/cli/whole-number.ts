import { InvalidArgumentError } from 'commander'

/** Reads the value of an option: a whole number in digits, within bounds that count as well. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (number >= least && number <= most) return number
    throw new InvalidArgumentError(`a whole number from ${least} to ${most} is needed.`)
  }
}
