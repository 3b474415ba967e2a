/** Of an even number the upper one of the middle two; 0 of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0
}

/** To two decimals. */
export function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
