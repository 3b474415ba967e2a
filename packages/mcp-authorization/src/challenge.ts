/** The authentication scheme that a challenge asks for. */
export type ChallengeScheme = 'Bearer' | 'DPoP'

/** Parameters of a challenge; absent ones are left out. */
export interface ChallengeParameters {
  /** OAuth error code; absent when the request carried no credentials (RFC 6750 section 3.1). */
  readonly error?: string | undefined
  readonly errorDescription?: string | undefined
  /** Scopes to ask for next, all at once. */
  readonly scopes?: readonly string[] | undefined
  /** Where the metadata of the protected resource is (RFC 9728 section 5.1). */
  readonly resourceMetadata?: string | undefined
  /** Authentication context classes of which one is needed (RFC 9470 section 3). */
  readonly acrValues?: readonly string[] | undefined
  /** How long ago the resource owner may have signed in, in seconds (RFC 9470 section 3). */
  readonly maxAgeSeconds?: number | undefined
  /** Signature algorithms for DPoP proofs (RFC 9449 section 7.1). */
  readonly algorithms?: readonly string[] | undefined
}

/** RFC 6750 section 3: printable ASCII without quote and backslash. */
const QUOTABLE = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/**
 * Builds the value of a `WWW-Authenticate` header: one scheme, every parameter quoted, so that every parser reads it.
 *
 * @throws {TypeError} A value holds a character that a quoted parameter cannot carry.
 */
export function buildChallenge(scheme: ChallengeScheme, parameters: ChallengeParameters): string {
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ['error', parameters.error],
    ['error_description', parameters.errorDescription],
    ['scope', joined(parameters.scopes)],
    ['acr_values', joined(parameters.acrValues)],
    ['max_age', parameters.maxAgeSeconds?.toString()],
    ['algs', scheme === 'DPoP' ? joined(parameters.algorithms) : undefined],
    ['resource_metadata', parameters.resourceMetadata],
  ]
  const written = pairs.filter(([, value]) => value !== undefined).map(([name, value]) => quoted(name, value as string))
  return written.length === 0 ? scheme : `${scheme} ${written.join(', ')}`
}

function joined(values: readonly string[] | undefined): string | undefined {
  return values === undefined || values.length === 0 ? undefined : values.join(' ')
}

function quoted(name: string, value: string): string {
  if (!QUOTABLE.test(value))
    throw new TypeError(`the challenge parameter ${name} must be ASCII without quote or backslash`)
  return `${name}="${value}"`
}
