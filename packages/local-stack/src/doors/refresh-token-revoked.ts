import { claimsOf, type Door, type DoorStack, expectSuccess } from './door.ts'

/** The client gives its refresh token back (RFC 7009), which takes the access tokens of that grant with it. */
export function refreshTokenRevoked({ urls }: DoorStack): Door {
  return {
    name: 'refresh-token-revoked',
    title: 'the refresh token is revoked (RFC 7009)',
    ends: 'session',
    async open({ accessToken, refreshToken = '' }) {
      const response = await fetch(`${urls.issuer}/protocol/openid-connect/revoke`, {
        method: 'POST',
        body: new URLSearchParams({
          client_id: claimsOf(accessToken).azp ?? '',
          token: refreshToken,
          token_type_hint: 'refresh_token',
        }),
      })
      await expectSuccess('revocation at Keycloak', response)
      return performance.now()
    },
    // The next sign-in is another session.
    restore: async () => {},
  }
}
