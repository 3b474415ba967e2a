/**
 * Whether tests that need a program of this machine can run. Where it is missing they are skipped, but never in CI.
 *
 * @throws {Error} It is missing, and `CI` is `true`.
 */
export function neededInCi(isThere: boolean, what: string): boolean {
  if (!isThere && process.env.CI === 'true') throw new Error(`These tests need ${what}`)
  return isThere
}
