/** What a token must bring for one operation. */
export interface ToolRequirement {
  /** All of these scopes, held or implied. Empty: any access token for this resource will do. */
  readonly scopes: readonly string[]
  /** Authentication context classes (`acr`) of which the token must show one, the preferred first (RFC 9470). */
  readonly authenticationLevel?: string | readonly string[]
  /** How long ago the resource owner may have signed in (`auth_time`), in seconds, 0 or more (RFC 9470). */
  readonly maxAuthenticationAgeSeconds?: number
}

/** The accepted authentication context classes, as a list. Empty: any. */
export function acceptedLevels(requirement: ToolRequirement): readonly string[] {
  const level = requirement.authenticationLevel
  if (level === undefined) return []
  return typeof level === 'string' ? [level] : level
}
