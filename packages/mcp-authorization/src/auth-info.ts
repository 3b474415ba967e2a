import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { AuthInfo, ScopeChallengeHandler } from '@modelcontextprotocol/server'
import type { Authenticated } from './gate.ts'
import type { ProtectedResource } from './protected-resource.ts'
import type { ToolRequirement } from './tool-requirement.ts'

/**
 * Describes a verified token in the SDK's words, for `authInfo`; `extra.token` is the {@link VerifiedAccessToken}.
 * The compact form does not show when the object is written to a log.
 */
export function authInfoOf(authenticated: Authenticated, protectedResource: ProtectedResource): AuthInfo {
  const known = described.get(authenticated.token)
  if (known !== undefined && known.resourceMetadataUrl === protectedResource.metadataUrl) return known
  const info = describe(authenticated, protectedResource)
  described.set(authenticated.token, info)
  return info
}

/** A verified token is one object for all calls with it. */
const described = new WeakMap<VerifiedAccessToken, AuthInfo>()

function describe({ token, compactToken }: Authenticated, protectedResource: ProtectedResource): AuthInfo {
  const info = {
    clientId: token.clientId,
    scopes: token.scopes as string[],
    expiresAt: token.expiresAt,
    resourceMetadataUrl: protectedResource.metadataUrl,
    extra: { token },
  }
  return Object.defineProperty(info, 'token', { value: compactToken }) as typeof info & { token: string }
}

/**
 * A requirement in the shape of the SDK's `scopeChallenge`, for prompts, resources and tools that are registered without
 * `protectTool`. Knows the scope hierarchy, asks for all scopes at once. The SDK cannot ask for a stronger sign-in.
 */
export function scopeChallengeFor(
  protectedResource: ProtectedResource,
  requirement: ToolRequirement,
): ScopeChallengeHandler {
  return ({ authInfo }) => {
    const token = authInfo?.extra?.token as VerifiedAccessToken | undefined
    if (token === undefined || protectedResource.hasScopes(token, requirement.scopes)) return undefined
    const [first, ...rest] = protectedResource.scopesToAskFor(token, requirement.scopes)
    return first === undefined ? undefined : { scopes: [first, ...rest] }
  }
}
