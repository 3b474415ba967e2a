/**
 * A copy of an ASCII text with memory of its own. A text that was cut out of another one keeps all of that in memory,
 * such as a header the whole token.
 */
export function ownCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
