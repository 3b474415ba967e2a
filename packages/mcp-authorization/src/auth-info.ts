import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { AuthInfo, ScopeChallengeHandler } from '@modelcontextprotocol/server'
import type { Authenticated } from './gate.ts'
import type { ProtectedResource } from './protected-resource.ts'
import type { RawRequest } from './raw-request.ts'
import type { ToolRequirement } from './tool-requirement.ts'

/**
 * Describes a verified token in the SDK's words, for `authInfo`; `extra.token` is the {@link VerifiedAccessToken},
 * `extra.request` the request that came with it, where it is given. The compact form does not show when the object is
 * written to a log.
 */
export function authInfoOf(authenticated: Authenticated, request?: RawRequest): AuthInfo {
  return new DescribedToken(authenticated, request)
}

class DescribedToken implements AuthInfo {
  readonly clientId: string
  readonly scopes: string[]
  readonly expiresAt: number
  readonly resourceMetadataUrl: string
  readonly extra: Record<string, unknown>
  readonly #compactToken: string

  constructor({ token, compactToken, resourceMetadata }: Authenticated, request: RawRequest | undefined) {
    this.clientId = token.clientId
    this.scopes = token.scopes as string[]
    this.expiresAt = token.expiresAt
    this.resourceMetadataUrl = resourceMetadata
    this.extra = { token, request }
    this.#compactToken = compactToken
  }

  get token(): string {
    return this.#compactToken
  }
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
