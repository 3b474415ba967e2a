import { createHash, timingSafeEqual } from 'node:crypto'
import { type AccessTokenVerifier, TokenError } from '@mcp-identity/token-verifier'
import type { Directory } from '../directory/directory.ts'

export type AdminAuthentication =
  | { outcome: 'authenticated'; actor: string }
  | { outcome: 'refused'; status: 400 | 401 | 403; code?: string; reason: string }

export interface AdminAuthenticationOptions {
  /** Of Keycloak's access tokens for this API. Absent: only the development secret opens it. */
  verifier?: AccessTokenVerifier
  directory: Directory
  /** Opens the admin API in development; absent in production. */
  developmentSecret?: string
}

/** Scope and role of directory administrators in the realm. */
export const directoryAdminScope = 'directory:admin'
const directoryAdminGroup = 'Directory Administrators'

/**
 * Decides who calls the admin API: a directory administrator with an access token of Keycloak for this API, or whoever
 * has the development secret. The directory's own word is asked last: an administrator who was just disabled or moved
 * is refused although her token has not expired.
 */
export function createAdminAuthentication({ verifier, directory, developmentSecret }: AdminAuthenticationOptions) {
  return async (authorization: string | undefined): Promise<AdminAuthentication> => {
    if (authorization === undefined) return { outcome: 'refused', status: 401, reason: 'no credentials' }
    const credentials = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1]
    if (credentials === undefined) {
      return {
        outcome: 'refused',
        status: 400,
        code: 'invalid_request',
        reason: 'Authorization must be: Bearer and a token',
      }
    }
    if (developmentSecret !== undefined && isSame(credentials, developmentSecret)) {
      return { outcome: 'authenticated', actor: 'development secret' }
    }
    return authenticateToken(credentials)
  }

  async function authenticateToken(compactToken: string): Promise<AdminAuthentication> {
    if (verifier === undefined) {
      return { outcome: 'refused', status: 401, code: 'invalid_token', reason: 'no issuer of access tokens is known' }
    }
    try {
      const { scopes, caller, claims } = await verifier.verify(compactToken)
      if (!scopes.includes(directoryAdminScope) || !caller.roles.includes(directoryAdminScope)) {
        return { outcome: 'refused', status: 403, code: 'insufficient_scope', reason: `needs ${directoryAdminScope}` }
      }
      const person = directory.find(String(claims.preferred_username))
      if (!person?.active || !person.groups.includes(directoryAdminGroup)) {
        return { outcome: 'refused', status: 401, code: 'invalid_token', reason: 'no longer a directory administrator' }
      }
      return { outcome: 'authenticated', actor: person.username }
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      return { outcome: 'refused', status: 401, code: 'invalid_token', reason: error.reason }
    }
  }
}

/** Compares digests, so that neither content nor length shows in the time it takes. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
