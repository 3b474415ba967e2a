import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import { acceptedLevels, type ToolRequirement } from './tool-requirement.ts'

/** How far `auth_time` may lie ahead of our clock, in seconds. */
const FUTURE_TOLERANCE_SECONDS = 5

/**
 * Tells whether the sign-in behind a token is strong and recent enough (RFC 9470 section 4).
 *
 * `acr` must be one string of the accepted ones: no order between levels is assumed. A missing, malformed or future
 * `auth_time` counts as too old.
 */
export function isAuthenticationSufficient(
  token: VerifiedAccessToken,
  requirement: ToolRequirement,
  nowSeconds: number,
): boolean {
  return isLevelAccepted(token, requirement) && isRecentEnough(token, requirement, nowSeconds)
}

function isLevelAccepted(token: VerifiedAccessToken, requirement: ToolRequirement): boolean {
  const accepted = acceptedLevels(requirement)
  if (accepted.length === 0) return true
  const level = token.claims.acr
  return typeof level === 'string' && accepted.includes(level)
}

function isRecentEnough(token: VerifiedAccessToken, requirement: ToolRequirement, nowSeconds: number): boolean {
  const maxAge = requirement.maxAuthenticationAgeSeconds
  if (maxAge === undefined) return true
  const signedInAt = token.claims.auth_time
  if (typeof signedInAt !== 'number' || !Number.isFinite(signedInAt)) return false
  return signedInAt <= nowSeconds + FUTURE_TOLERANCE_SECONDS && nowSeconds - signedInAt <= maxAge
}
