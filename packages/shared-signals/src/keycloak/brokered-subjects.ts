import type { TokenNames } from '../receivers/transmitter.ts'
import { createKeycloakAdminClient, type KeycloakAdminClient } from './admin-client.ts'
import { parseFederatedIdentities, parsePersonIds } from './events.ts'

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

/** Knows whom Keycloak means by the subjects of an identity provider that it brokers. */
export interface BrokeredSubjects {
  /** Asks Keycloak; for `resolveSubject` of a transmitter. */
  resolve(subject: string): Promise<readonly TokenNames[]>
  /** What is known without asking, maybe not everything; for `recallSubject` of a transmitter. */
  recall(subject: string): readonly TokenNames[]
  /**
   * Told of the subject of each access token that was verified: looks the person up once, in the background, so that a
   * signal about him or her takes effect without waiting for Keycloak.
   */
  learn(tokenSubject: string): void
}

/** People that are remembered; then all are forgotten and learned again as they call. */
const mostPeople = 200_000
/** Look-ups at the same time; who is beyond them is learned at a later call. */
const mostLookUps = 4

/**
 * Finds the Keycloak subject behind a subject of a brokered identity provider: an event about a person of the corporate
 * IdP then ends the tokens that Keycloak issued to him or her.
 */
export function brokeredSubjects(options: BrokeredSubjectsOptions): BrokeredSubjects {
  const { issuer, identityProvider, requestTimeoutMs = 2_000, clock = () => Date.now() / 1000 } = options
  const admin = createKeycloakAdminClient({ ...options, requestTimeoutMs, clock })
  const found = new Map<string, Set<string>>()
  const learned = new Set<string>()
  let lookUps = 0

  function remember(subject: string, ids: readonly string[]): void {
    if (learned.size >= mostPeople) {
      learned.clear()
      found.clear()
    }
    for (const id of ids) learned.add(id)
    found.set(subject, new Set([...(found.get(subject) ?? []), ...ids]))
  }

  async function lookUp(tokenSubject: string): Promise<void> {
    lookUps++
    try {
      for (const subject of await subjectsOf(admin, identityProvider, tokenSubject)) remember(subject, [tokenSubject])
      learned.add(tokenSubject)
    } catch {
      // Nothing depends on it: the next call tries again, and a signal asks Keycloak itself.
    } finally {
      lookUps--
    }
  }

  return {
    async resolve(subject) {
      const query = new URLSearchParams({
        idpAlias: identityProvider,
        idpUserId: subject,
        briefRepresentation: 'true',
        max: '10',
      })
      const ids = parsePersonIds(await admin.get(`/users?${query}`))
      remember(subject, ids)
      return ids.map((id) => ({ issuer, subject: id }))
    },
    recall: (subject) => [...(found.get(subject) ?? [])].map((id) => ({ issuer, subject: id })),
    learn(tokenSubject) {
      if (!learned.has(tokenSubject) && lookUps < mostLookUps) void lookUp(tokenSubject)
    },
  }
}

/** The person's subjects at an identity provider; none for service accounts and local users. */
async function subjectsOf(admin: KeycloakAdminClient, identityProvider: string, id: string): Promise<string[]> {
  const identities = parseFederatedIdentities(await admin.get(`/users/${encodeURIComponent(id)}/federated-identity`))
  return identities.filter((identity) => identity.identityProvider === identityProvider).map(({ userId }) => userId)
}
