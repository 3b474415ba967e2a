import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { RateLimitSettings } from './rate-limits.ts'
import type { RawRequest } from './raw-request.ts'
import type { Refusal } from './refusal.ts'
import type { ScopeHierarchySettings } from './scope-hierarchy.ts'

/** What the gate needs of an access token verifier; `createAccessTokenVerifier` makes one. */
export interface TokenVerifier {
  verify(
    compactToken: string,
    request?: { method: string; url: string; scheme?: 'Bearer' | 'DPoP'; dpopProof?: string },
  ): Promise<VerifiedAccessToken>
}

/** Options of `createProtectedResource`. */
export interface ProtectedResourceOptions {
  /** The canonical resource URI: the exact URL that clients use, and the audience of access tokens (RFC 8707). */
  readonly resource: string
  /** Other URLs at which the same resource is served. Each has metadata that names it. Default: none. */
  readonly resourceAliases?: readonly string[]
  /** Issuers of the authorization servers that may issue access tokens for this resource, at least one. */
  readonly authorizationServers: readonly string[]
  readonly verifier: TokenVerifier
  /** Every scope that some operation needs; published, and the order in which challenges list scopes. */
  readonly scopesSupported: readonly string[]
  /**
   * The scopes that the first challenge names. Default: `scopesSupported`, because a client that registers itself is
   * confined to what this challenge names. An empty list leaves the parameter out.
   */
  readonly initialScopes?: readonly string[]
  /**
   * How clients have to name scopes when they ask the authorization server for them, where that is not as access tokens
   * name them: Entra ID and Cognito want them behind the resource. Used for metadata and challenges. Default: as they are.
   */
  readonly nameScopes?: (scopes: readonly string[]) => readonly string[]
  /** Which scopes a broad scope implies. Default: none. */
  readonly scopeHierarchy?: ScopeHierarchySettings
  /** Values of `Host` that are this server, with or without port. Default: the hosts of the resource and its aliases. */
  readonly allowedHosts?: readonly string[]
  /** Origins of pages that may call from a browser. Default: none; requests without `Origin` always pass this check. */
  readonly allowedOrigins?: readonly string[]
  /** Size of the largest request body that is read, in bytes. Default 262144. */
  readonly maxBodyBytes?: number
  /** Default: no limits. */
  readonly rateLimits?: RateLimitSettings
  /** What the metadata says about the resource for people. */
  readonly documentation?: {
    readonly name?: string
    readonly documentationUrl?: string
    readonly policyUrl?: string
    readonly termsUrl?: string
  }
  /** Sender-constrained access tokens (RFC 9449). Default: accepted as the verifier sees fit, not announced. */
  readonly dpop?: {
    /** Signature algorithms for proofs, announced in metadata and challenges. */
    readonly algorithms: readonly string[]
    /** Announces that every access token must be bound to a key; the verifier must require it as well. */
    readonly required?: boolean
  }
  /** Seconds since the epoch. Default: the system's clock. */
  readonly clock?: () => number
  /**
   * Asked before each token: the seconds after which to try again while tokens cannot be judged, for example because
   * the revocation state is stale. Every request is then answered 503: the gate fails closed. Default: never.
   */
  readonly unavailable?: () => number | undefined
  /** Told of every refusal, for the audit log. Must not throw. */
  readonly onRefused?: (refused: Refusal, request: RawRequest) => void
  /** Told of every request whose token was accepted, before its body is read. Must not throw. */
  readonly onAuthenticated?: (token: VerifiedAccessToken, request: RawRequest) => void
  /** Told of errors that no caller may see. Must not throw. */
  readonly onError?: (error: unknown, request: RawRequest) => void
}
