import { createHmac, timingSafeEqual } from 'node:crypto'

/** Ties a form to the interaction that it was shown for. */
export function makeCsrfToken(key: string, interactionUid: string): string {
  return createHmac('sha256', key).update(`sign-in form ${interactionUid}`).digest('base64url')
}

export function isCsrfToken(key: string, interactionUid: string, found: string): boolean {
  const expected = Buffer.from(makeCsrfToken(key, interactionUid))
  const given = Buffer.from(found)
  return expected.length === given.length && timingSafeEqual(expected, given)
}
