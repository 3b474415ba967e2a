/** @throws {TypeError} The setting is out of bounds, or no number. */
export function within(name: string, value: number, least: number, most: number): number {
  if (!(value >= least && value <= most)) throw new TypeError(`"${name}" must be ${least} to ${most}, found ${value}`)
  return value
}
