/** What an address says about a sign-in that just came back. */
export type AuthorizationResponse =
  | { outcome: 'none' }
  | { outcome: 'of this issuer' }
  | { outcome: 'of another issuer'; found: string | undefined }

/**
 * Looks for an authorization response in the fragment of an address and compares its `iss` exactly with the issuer that
 * was asked (RFC 9207 section 2.4). keycloak-js reads `iss` but does not compare it. A response without `iss` is refused
 * as well, since Keycloak always sends one.
 */
export function readAuthorizationResponse(address: string, issuer: string): AuthorizationResponse {
  if (!URL.canParse(address)) return { outcome: 'none' }
  const parameters = new URLSearchParams(new URL(address).hash.slice(1))
  const isResponse = parameters.has('state') && (parameters.has('code') || parameters.has('error'))
  if (!isResponse) return { outcome: 'none' }
  const found = parameters.getAll('iss')
  return found.length === 1 && found[0] === issuer
    ? { outcome: 'of this issuer' }
    : { outcome: 'of another issuer', found: found[0] }
}
