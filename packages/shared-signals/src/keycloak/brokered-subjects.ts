import type { TokenNames } from '../receivers/transmitter.ts'
import { createKeycloakAdminClient } from './admin-client.ts'
import { parsePersonIds } from './events.ts'

export interface BrokeredSubjectsOptions {
  /** The realm's issuer. */
  issuer: string
  /** Alias of the identity provider in the realm, whose subjects are to be found. */
  identityProvider: string
  /** A confidential client whose service account holds `view-users`. */
  clientId: string
  clientSecret: string
  adminBaseUrl?: string | undefined
  tokenEndpoint?: string | undefined
  requestTimeoutMs?: number | undefined
  fetch?: typeof fetch | undefined
  clock?: (() => number) | undefined
}

/**
 * Finds the Keycloak subject behind a subject of a brokered identity provider, for `resolveSubject` of a transmitter: an
 * event about a person of the corporate IdP then ends the tokens that Keycloak issued to him or her.
 */
export function brokeredSubjects(
  options: BrokeredSubjectsOptions,
): (subject: string) => Promise<readonly TokenNames[]> {
  const { issuer, identityProvider, requestTimeoutMs = 2_000, clock = () => Date.now() / 1000 } = options
  const admin = createKeycloakAdminClient({ ...options, requestTimeoutMs, clock })
  return async (subject) => {
    const query = new URLSearchParams({
      idpAlias: identityProvider,
      idpUserId: subject,
      briefRepresentation: 'true',
      max: '10',
    })
    const ids = parsePersonIds(await admin.get(`/users?${query}`))
    return ids.map((id) => ({ issuer, subject: id }))
  }
}
