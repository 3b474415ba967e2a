import { claimsOf, type Door, type DoorStack, expectSuccess } from './door.ts'

/** The person signs out in her client, which ends the session at Keycloak by its refresh token. */
export function sessionEndedByPerson({ urls }: DoorStack): Door {
  return {
    name: 'session-ended-by-person',
    title: 'the person signs out',
    ends: 'session',
    async open({ accessToken, refreshToken = '' }) {
      const response = await fetch(`${urls.issuer}/protocol/openid-connect/logout`, {
        method: 'POST',
        body: new URLSearchParams({ client_id: claimsOf(accessToken).azp ?? '', refresh_token: refreshToken }),
      })
      await expectSuccess('logout at Keycloak', response)
      return performance.now()
    },
    // The next sign-in is another session.
    restore: async () => {},
  }
}
