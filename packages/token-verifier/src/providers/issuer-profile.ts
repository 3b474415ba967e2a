import type { SignatureAlgorithm } from '../algorithms.ts'
import type { Fetch, FetchLimits } from '../fetch-document.ts'
import type { TokenHeader } from '../token-header.ts'
import type { Claims } from '../verified-access-token.ts'

/** Names of the presets. */
export type Provider = 'keycloak' | 'entra-id' | 'auth0' | 'okta' | 'cognito' | 'google' | 'adfs' | 'oauth'

/** Settings that every preset takes. */
export interface IssuerSettings {
  /** Compared with `iss` character by character (RFC 7519 section 2, no normalisation). */
  readonly issuer: string
  /** What `aud` must contain; several when any of them will do. Default: the verifier's `resource`. */
  readonly audience?: string | readonly string[]
  /** Address of the key set. Default: where the provider keeps it, or what the issuer's metadata names. */
  readonly jwksUri?: string
  /** Algorithms that are accepted. Each preset has its default. */
  readonly algorithms?: readonly SignatureAlgorithm[]
  /** Accept only tokens of these clients. Default: any client that the issuer gives tokens for this audience. */
  readonly clientIds?: readonly string[]
  /** Refuse a token that is also meant for another audience. Default false, except where the preset says otherwise. */
  readonly exactAudience?: boolean
  /** Accept http addresses of this machine. For development and tests only; warns when the verifier is made. */
  readonly dangerouslyAllowInsecureHttp?: boolean
  /** Asked for the groups of a caller when the token does not say. Its answer is kept with the token for up to 300 s. */
  readonly resolveGroups?: GroupResolver
  /** Names of claims that this issuer was set up with, where they differ from the provider's usual ones. */
  readonly claimNames?: ClaimNames
  /** Names of the groups that tokens name by id, as Entra ID does: id → name. An id that is not listed stays an id. */
  readonly groupNames?: Readonly<Record<string, string>>
  /** Taken off each scope that begins with it: Cognito writes `{resource}/{scope}`. */
  readonly scopePrefix?: string
  /** What it means when the token has no claim for groups. Default `unknown`; Cognito `none`. */
  readonly groupsWhenAbsent?: 'none' | 'unknown'
}

/** Claims that administrators name themselves. */
export interface ClaimNames {
  readonly email?: string
  readonly name?: string
  readonly department?: string
  readonly groups?: string
  /** A string or a list of strings. */
  readonly roles?: string
  readonly tenant?: string
}

/** Finds the groups of a caller elsewhere. `undefined`: they stay unknown. */
export type GroupResolver = (claims: Claims) => Promise<readonly string[] | undefined>

/** A token whose signature was right, on its way through the checks. */
export interface SignedToken {
  /** `undefined` for a token that the issuer itself was asked about. */
  readonly header: TokenHeader | undefined
  readonly claims: Claims
  readonly profile: IssuerProfile
  /** Seconds since the epoch. */
  readonly now: number
}

/** One rule about a token. Refuses by throwing a `TokenError`, and returns nothing. */
export type Check = (token: SignedToken) => void

/** Which claims say what, in one provider's tokens. Where several are named the first that is present counts. */
export interface Dialect {
  readonly subject: readonly string[]
  readonly clientId: readonly string[]
  readonly tokenId: readonly string[]
  readonly sessionId: readonly string[]
  readonly scope: { readonly claim: string; readonly form: 'string' | 'array' }
  readonly email: readonly string[]
  readonly name: readonly string[]
  readonly department: readonly string[]
  readonly tenant: readonly string[]
  readonly groups: {
    readonly claim: string
    readonly whenAbsent: 'none' | 'unknown'
    /** True when the issuer says that it left groups out. */
    readonly isIncomplete?: (claims: Claims) => boolean
  }
  readonly roles: (claims: Claims, audiences: readonly string[]) => readonly string[]
  /** True when no person is behind the token. */
  readonly isService: (claims: Claims) => boolean
  /** True when the issuer says that software with a mind of its own acts, beyond an `act` chain. */
  readonly isAgent?: (claims: Claims) => boolean
}

/** Tokens about which the issuer itself is asked, because they say nothing or not enough. */
export interface OnlineTokens {
  /** Tokens that are no JWS: whether this one can be the issuer's. */
  readonly takesOpaque: (compactToken: string) => boolean
  /** Signed tokens: whether the issuer has to be asked beyond what they say. */
  readonly completes: (claims: Claims) => boolean
  /**
   * Asks. The claims given back replace or join those of the token.
   *
   * @throws {TokenError} `inactive`
   * @throws {IntrospectionUnavailableError}
   */
  readonly ask: (compactToken: string, exchange: OnlineExchange) => Promise<Claims>
  /** How long an answer is used, in seconds. */
  readonly cacheSeconds: number
}

/** What a question to an issuer may use. */
export interface OnlineExchange {
  readonly fetch: Fetch
  readonly limits: FetchLimits
  /** Seconds since the epoch. */
  readonly now: number
}

/** Everything that differs between issuers: a table of data and a few functions. Made by the presets. */
export interface IssuerProfile {
  readonly provider: Provider
  readonly issuer: string
  /** Every `iss` that leads here. */
  readonly issuers: readonly string[]
  /** Accepted audiences. `undefined`: the verifier's `resource`. */
  readonly audiences: readonly string[] | undefined
  /** Audiences that may stand beside an accepted one even if `exactAudience` is set. */
  readonly companionAudiences: readonly string[]
  readonly exactAudience: boolean
  readonly algorithms: readonly SignatureAlgorithm[]
  /** Accepted `typ` in the header, as `TokenHeader.type`; `undefined` stands for none. */
  readonly headerTypes: readonly (string | undefined)[]
  /** Claims that a token of this issuer always has. */
  readonly requiredClaims: readonly string[]
  readonly clientIds: readonly string[] | undefined
  readonly dialect: Dialect
  /** Says when a token needs no `aud`, because another claim says whom it is for. Default: never. */
  readonly isMeantForUs?: (claims: Claims, accepted: readonly string[]) => boolean
  /** What tells an access token of this provider from everything else that it signs. */
  readonly kindChecks: readonly Check[]
  /** True when an issuer that is not trusted is another tenant of this provider. */
  readonly isOtherTenant?: (iss: string) => boolean
  /** True when the key may sign for the issuer of these claims. Default: every key of the set may. */
  readonly isKeyFor?: (keyIssuer: string, claims: Claims) => boolean
  /** `undefined`: the issuer's metadata names it. */
  readonly jwksUri: string | undefined
  /** False when this provider's access tokens are never signed: a signed token of it is of another kind. */
  readonly hasSignedTokens: boolean
  /** Tokens about which the issuer itself is asked. */
  readonly online: OnlineTokens | undefined
  readonly allowInsecureHttp: boolean
  readonly resolveGroups: GroupResolver | undefined
  /** Id → name of a group. */
  readonly groupNames: ReadonlyMap<string, string> | undefined
  readonly scopePrefix: string | undefined
}
