import { refuse } from '../token-error.ts'

/**
 * The token must be meant for this resource server, by a character-for-character comparison (RFC 7519 section 4.1.3).
 *
 * @param isExact Refuse a token that is also meant for somebody else than `companions`.
 * @throws {TokenError} `audience_missing`, `audience_mismatch`, `audience_not_exclusive`.
 */
export function checkAudience(
  audiences: readonly string[],
  accepted: readonly string[],
  isExact: boolean,
  companions: readonly string[],
): void {
  if (audiences.length === 0) refuse('audience_missing', `"aud" must contain ${accepted.join(' or ')}, found none`)
  if (!accepted.some((audience) => audiences.includes(audience))) {
    refuse('audience_mismatch', `"aud" must contain ${accepted.join(' or ')}, found ${audiences.join(', ')}`)
  }
  const other = isExact && audiences.find((audience) => !accepted.includes(audience) && !companions.includes(audience))
  if (typeof other === 'string') refuse('audience_not_exclusive', `"aud" must name nobody else, found ${other}`)
}
