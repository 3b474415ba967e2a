import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { ProtectedResource } from './protected-resource.ts'
import type { ToolRequirement } from './tool-requirement.ts'

/** What decides whether a caller sees a tool, beside the scopes of the token. */
export interface VisibilityRules {
  /** Whether this caller could get the scope by asking for it. Default: everyone could get every scope. */
  readonly canObtainScope?: ((token: VerifiedAccessToken, scope: string) => boolean) | undefined
  /** Whether role or policy forbids this caller the tool for good. Default: never. */
  readonly isForbidden?: ((token: VerifiedAccessToken, tool: string) => boolean) | undefined
}

/**
 * Whether a caller sees a tool: nothing forbids it, and each of its scopes is held or within reach of a step-up.
 * A tool that no step-up can reach is hidden, because a challenge for it would send the caller in a circle.
 */
export function isVisible(
  resource: ProtectedResource,
  token: VerifiedAccessToken,
  tool: ToolRequirement & { readonly name: string },
  rules: VisibilityRules = {},
): boolean {
  const { canObtainScope, isForbidden } = rules
  if (isForbidden?.(token, tool.name) === true) return false
  if (canObtainScope === undefined || resource.hasScopes(token, tool.scopes)) return true
  return tool.scopes.every(
    (scope) =>
      resource.hasScopes(token, [scope]) || resource.grantedBy(scope).some((broad) => canObtainScope(token, broad)),
  )
}

/** The tools that a caller sees, in their order (MCP tools, "Listing Tools"). See {@link isVisible}. */
export function visibleTools<Tool extends ToolRequirement & { readonly name: string }>(
  resource: ProtectedResource,
  token: VerifiedAccessToken,
  tools: readonly Tool[],
  rules: VisibilityRules = {},
): readonly Tool[] {
  return tools.filter((tool) => isVisible(resource, token, tool, rules))
}
