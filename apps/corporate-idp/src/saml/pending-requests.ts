import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { ProviderState } from '../provider/provider-state.ts'
import type { AuthnRequest } from './requests.ts'

/** A request for which somebody is at the sign-in page. */
export interface PendingRequest {
  request: AuthnRequest
  /** For the address of the authorization endpoint (RFC 7636). */
  codeChallenge: string
}

const lifetimeSeconds = 15 * 60

/** Requests that wait for somebody to sign in, each tied to the browser that brought it. */
export function createPendingRequests(providerState: ProviderState) {
  const store = providerState.adapterOf('SamlAuthnRequest')
  return {
    /** @returns Its id, and a secret for a cookie of the browser: the code verifier of the sign-in. */
    async add(request: AuthnRequest): Promise<{ id: string; codeVerifier: string; codeChallenge: string }> {
      const id = randomUUID()
      const codeVerifier = randomBytes(32).toString('base64url')
      await store.upsert(id, { waiting: { request, codeChallenge: challengeOf(codeVerifier) } }, lifetimeSeconds)
      return { id, codeVerifier, codeChallenge: challengeOf(codeVerifier) }
    },
    /** Takes it out, if it is there and this browser brought it. Each is answered once. */
    async take(id: string, codeVerifier: string): Promise<PendingRequest | undefined> {
      const pending = (await store.find(id))?.waiting as PendingRequest | undefined
      if (pending === undefined || pending.codeChallenge !== challengeOf(codeVerifier)) return undefined
      await store.destroy(id)
      return pending
    },
  }
}

function challengeOf(codeVerifier: string): string {
  return createHash('sha256').update(codeVerifier).digest('base64url')
}
