import { randomUUID } from 'node:crypto'
import { importJWK, type JWK, SignJWT } from 'jose'

export interface LogoutTokenOptions {
  issuer: string
  /** `clientId` of the client that is told. */
  audience: string
  /** Private signing key, with `kid` and `alg`. */
  key: JWK
  /** Seconds since the epoch. */
  clock?: () => number
}

const lifetimeSeconds = 120

/**
 * Makes logout tokens that end every session of a person at one client, offline sessions too (OpenID Connect
 * Back-Channel Logout 1.0 section 2.4).
 *
 * The token has a `sub` and no `sid` on purpose: Keycloak then ends all her sessions, not one. `revoke_offline_access`
 * is Keycloak's own event. When it happened stands in `toe` (RFC 8417 section 2.2), since a token that has to be sent again
 * is signed again.
 */
export async function createLogoutTokens({ issuer, audience, key, clock = nowSeconds }: LogoutTokenOptions) {
  const privateKey = await importJWK(key)
  const { alg = 'RS256', kid } = key
  return (subject: string, happenedAtMs?: number): Promise<string> => {
    const issuedAt = clock()
    return new SignJWT({
      ...(happenedAtMs === undefined ? {} : { toe: happenedAtMs / 1000 }),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {}, revoke_offline_access: true },
    })
      .setProtectedHeader({ alg, typ: 'logout+jwt', ...(kid === undefined ? {} : { kid }) })
      .setIssuer(issuer)
      .setSubject(subject)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifetimeSeconds)
      .setJti(randomUUID())
      .sign(privateKey)
  }
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
