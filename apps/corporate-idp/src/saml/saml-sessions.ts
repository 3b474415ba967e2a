import { createHash } from 'node:crypto'
import type { Provider } from 'oidc-provider'
import type { ProviderState } from '../provider/provider-state.ts'

const lifetimeSeconds = 10 * 3600

interface StoredSession {
  sessionUid: string
  accountId: string
}

/** Which of the company's sessions a service provider knows under which SessionIndex (SAML Core 2.7.2). */
export function createSamlSessions(providerState: ProviderState, provider: () => Provider) {
  const store = providerState.adapterOf('SamlSession')
  return {
    /** Nothing is kept for a disabled person; her session is gone as well. */
    async open(sessionUid: string, accountId: string, audience: string): Promise<string> {
      const sessionIndex = `_${createHash('sha256').update(`${audience} ${sessionUid}`).digest('base64url')}`
      await store.upsert(sessionIndex, { sessionUid, accountId }, lifetimeSeconds)
      return sessionIndex
    },
    /** Ends the session behind a SessionIndex, if it is this person's: she signs in anew everywhere. */
    async end(sessionIndex: string, isTheirs: (subject: string) => boolean): Promise<boolean> {
      const stored = (await store.find(sessionIndex)) as StoredSession | undefined
      if (stored === undefined || !isTheirs(stored.accountId)) return false
      await store.destroy(sessionIndex)
      const session = await provider().Session.findByUid(stored.sessionUid)
      await session?.destroy()
      return session !== undefined
    },
  }
}
