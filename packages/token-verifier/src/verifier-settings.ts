import { longestJws } from './compact-jws.ts'
import type { DpopSettings } from './dpop/check-dpop.ts'
import type { Fetch } from './fetch-document.ts'
import type { KeySetSettings } from './key-set.ts'
import type { IssuerProfile } from './providers/issuer-profile.ts'
import type { VerifiedAccessToken } from './verified-access-token.ts'
import type { CacheSettings } from './verified-token-cache.ts'

/** Asked on every call, after any cache: a text is the reason why the token is no longer good. */
export type RevocationCheck = (token: VerifiedAccessToken) => string | undefined | Promise<string | undefined>

/** Settings of a verifier. */
export interface AccessTokenVerifierSettings {
  /** Canonical address of this resource server (RFC 8707, RFC 9728): the audience, unless an issuer has its own. */
  readonly resource: string
  /** Whose tokens are accepted; each made by a preset. */
  readonly issuers: readonly IssuerProfile[]
  /** Remembers tokens that passed. `false` switches it off. Default: 10,000 tokens, 32 MiB. */
  readonly cache?: false | CacheSettings
  /** Seconds since the epoch, with or without a fraction. Default: the time of this machine. */
  readonly clock?: () => number
  /** Accepted clock difference for `exp`, `nbf` and `iat`, in seconds, 0 to 60. Default 5. */
  readonly clockToleranceSeconds?: number
  /** Longest life of a token that is accepted, from `iat` to `exp`, in seconds. Default 86,400. */
  readonly maxTokenLifetimeSeconds?: number
  /** Longest token that is looked at, in characters, 1,024 to 65,536. Default 16,384. */
  readonly maxTokenLength?: number
  /** Asked about every accepted token, on every call. Default: nothing is revoked. */
  readonly isRevoked?: RevocationCheck
  /** Refuse tokens that are not bound to a key of the client (RFC 9449, RFC 8705). Default false. */
  readonly requireSenderConstraint?: boolean
  readonly dpop?: DpopSettings
  /** How key sets are fetched and kept. Defaults: 3 s, 1 MiB, every 60 s, up to 600 s longer while an issuer is down. */
  readonly keySets?: Partial<KeySetSettings>
  /** Used for all requests to issuers, such as one that goes through a proxy. Default: the platform's. */
  readonly fetch?: Fetch
  /** Told about dangerous settings. Default: `process.emitWarning`. */
  readonly onWarning?: (message: string) => void
}

/** The settings with their defaults filled in. */
export type CompleteSettings = Required<Omit<AccessTokenVerifierSettings, 'isRevoked' | 'keySets'>> & {
  readonly isRevoked: RevocationCheck | undefined
  readonly keySets: KeySetSettings
}

const defaults = {
  cache: {},
  clock: () => Date.now() / 1000,
  clockToleranceSeconds: 5,
  maxTokenLifetimeSeconds: 86_400,
  maxTokenLength: 16_384,
  requireSenderConstraint: false,
  dpop: {},
  onWarning: (message: string) => process.emitWarning(message, { code: 'MCP_IDENTITY_DANGEROUS_SETTING' }),
}

const keySetDefaults: KeySetSettings = { timeoutMs: 3000, maxBytes: 1024 * 1024, refreshMs: 60_000, staleMs: 600_000 }

/** Bounds of settings that are numbers, in their units, both included. */
const bounds = [
  ['clockToleranceSeconds', 0, 60],
  ['maxTokenLifetimeSeconds', 1, 31_536_000],
  ['maxTokenLength', 1024, longestJws],
] as const

const keySetBounds = [
  ['timeoutMs', 1, 60_000],
  ['maxBytes', 1024, 16 * 1024 * 1024],
  ['refreshMs', 1, 3_600_000],
  ['staleMs', 0, 86_400_000],
] as const

/**
 * Fills in what was not given.
 *
 * @throws {TypeError} A setting is missing or wrong.
 */
export function completeSettings(given: AccessTokenVerifierSettings): CompleteSettings {
  const { isRevoked, keySets, ...others } = given
  const complete = { fetch, ...defaults, ...withoutUndefined(others) }
  const settings = { ...complete, isRevoked, keySets: { ...keySetDefaults, ...withoutUndefined(keySets ?? {}) } }
  if (typeof given.resource !== 'string' || !URL.canParse(given.resource) || given.resource.includes('#')) {
    throw new TypeError('resource must be an absolute URI without a fragment (RFC 8707 section 2)')
  }
  if (!Array.isArray(given.issuers) || given.issuers.length === 0)
    throw new TypeError('issuers must name at least one issuer')
  for (const [name, least, most] of bounds) checkBounds(name, settings[name], least, most)
  for (const [name, least, most] of keySetBounds) checkBounds(`keySets.${name}`, settings.keySets[name], least, most)
  return settings
}

function checkBounds(name: string, value: number, least: number, most: number): void {
  if (!(value >= least && value <= most)) throw new TypeError(`${name} must be ${least} to ${most}, found ${value}`)
}

function withoutUndefined<Given extends object>(given: Given): Given {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Given
}
