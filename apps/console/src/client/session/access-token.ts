import * as z from 'zod/mini'

const strings = z._default(z.array(z.string()), [])

const claimsSchema = z.looseObject({
  iss: z.string(),
  sub: z.string(),
  azp: z.optional(z.string()),
  aud: z.optional(z.union([z.string(), z.array(z.string())])),
  exp: z.number(),
  iat: z.number(),
  auth_time: z.optional(z.number()),
  jti: z.optional(z.string()),
  sid: z.optional(z.string()),
  scope: z._default(z.string(), ''),
  typ: z.optional(z.string()),
  name: z.optional(z.string()),
  email: z.optional(z.string()),
  preferred_username: z.optional(z.string()),
  department: z.optional(z.string()),
  zoneinfo: z.optional(z.string()),
  country: z.optional(z.string()),
  groups: strings,
  resource_access: z._default(z.record(z.string(), z.object({ roles: strings })), {}),
})

/** Claims of the console's own access token. For display: the MCP server decides, from the token itself. */
export type AccessTokenClaims = z.infer<typeof claimsSchema>

/** Reads the payload without verifying anything. @throws when the text is no JWT with the claims of an access token. */
export function readAccessTokenClaims(accessToken: string): AccessTokenClaims {
  return claimsSchema.parse(readPart(accessToken, 1))
}

/** The key that the token's header names (RFC 7515 section 4.1.4). */
export function readKeyId(accessToken: string): string | undefined {
  return z.object({ kid: z.optional(z.string()) }).parse(readPart(accessToken, 0)).kid
}

function readPart(jwt: string, index: number): unknown {
  const part = jwt.split('.')[index]
  if (part === undefined) throw new TypeError('This is no JWT')
  const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
    character.charCodeAt(0),
  )
  return JSON.parse(new TextDecoder().decode(bytes))
}

export function scopesOf(claims: AccessTokenClaims): string[] {
  return claims.scope.split(' ').filter((scope) => scope !== '' && scope !== 'openid')
}

export function audiencesOf({ aud }: AccessTokenClaims): string[] {
  return aud === undefined ? [] : typeof aud === 'string' ? [aud] : aud
}

export function rolesAt(claims: AccessTokenClaims, resource: string): string[] {
  return claims.resource_access[resource]?.roles ?? []
}
