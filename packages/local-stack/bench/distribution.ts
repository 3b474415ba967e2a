/** How values lie, each rounded to a tenth. */
export interface Distribution {
  count: number
  least: number
  p50: number
  p95: number
  p99: number
  most: number
}

/** Of no values every figure but the count is `NaN`, which JSON writes as null. */
export function distributionOf(values: readonly number[]): Distribution {
  const sorted = values.toSorted((one, other) => one - other)
  const at = (share: number): number => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
    return value === undefined ? Number.NaN : Math.round(value * 10) / 10
  }
  return { count: sorted.length, least: at(0), p50: at(0.5), p95: at(0.95), p99: at(0.99), most: at(1) }
}
