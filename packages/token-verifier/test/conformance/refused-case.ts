import {
  assembleToken,
  describeAccessToken,
  signToken,
  type TestKey,
  type TokenPart,
  testKeys,
  type UnsignedToken,
} from '@mcp-identity/test-kit'
import type { TokenRefusalReason } from '../../src/index.ts'

/** One thing changed from a valid token, and what the verifier has to say to it. */
export interface RefusedCase {
  /** The rule, to be read after "it". */
  readonly title: string
  /** Where the rule is written. */
  readonly source: string
  /** What is passed to `verify`: mostly, but not always, a string. */
  readonly token: unknown
  readonly reason: TokenRefusalReason
}

/** The valid token that every attack starts from: a person's, of Keycloak, RS256. */
export const valid: UnsignedToken = describeAccessToken({ provider: 'keycloak' })

/** The valid token in compact form, and its three parts. */
export const validToken: string = signToken(valid)
const [header = '', payload = '', signature = ''] = validToken.split('.')
export const parts = { header, payload, signature }

/** The valid token with header members changed, signed anew by the right key. */
export function withHeader(changes: Readonly<Record<string, unknown>>, key: TestKey = valid.key): string {
  const { algorithm } = key
  return signToken({ ...valid, header: { ...valid.header, alg: algorithm, kid: key.kid, ...changes }, key, algorithm })
}

/** The valid token with claims changed, signed anew by the right key. */
export function withClaims(changes: Readonly<Record<string, unknown>>): string {
  return signToken({ ...valid, claims: { ...valid.claims, ...changes } })
}

/** The valid token with its header written differently, signed anew by the right key. */
export function withRawHeader(part: TokenPart): string {
  return assembleToken({ header: part, payload: valid.claims, key: valid.key })
}

/** The valid token with its payload written differently, signed anew by the right key. */
export function withRawPayload(part: TokenPart): string {
  return assembleToken({ header: valid.header, payload: part, key: valid.key })
}

/** The valid token with another signature, by whatever key. */
export function withSignature(
  make: (signingInput: Buffer) => Uint8Array,
  key: TestKey = testKeys.rsa,
  changes: Readonly<Record<string, unknown>> = {},
): string {
  const tokenHeader = { ...valid.header, alg: key.algorithm, kid: key.kid, ...changes }
  return assembleToken({ header: tokenHeader, payload: valid.claims, signature: make })
}

/** JSON of the valid header and of the valid claims, without the closing brace: to be continued. */
export const openHeader = JSON.stringify(valid.header).slice(0, -1)
export const openClaims = JSON.stringify(valid.claims).slice(0, -1)
