import { setImmediate } from 'node:timers/promises'
import type { SamlKey } from './certificate.ts'
import { buildLogoutRequest } from './messages.ts'
import type { RegisteredServiceProvider } from './service-provider.ts'

export interface LogoutOptions {
  /** Entity id of this identity provider. */
  issuer: string
  serviceProvider: RegisteredServiceProvider
  /** The one that signs first. */
  keys: () => Promise<readonly [SamlKey, ...SamlKey[]]>
  /** Longest time for one request, in milliseconds. Default 3000. */
  timeoutMs?: number
  fetch?: typeof globalThis.fetch
}

/**
 * Ends every session of a person at the service provider, from server to server: a LogoutRequest by POST that names no
 * session. Keycloak takes it without a browser and ends all that came by this identity provider.
 *
 * @returns Sends it. Rejects when it has to be sent again.
 */
export function createServiceProviderLogout(options: LogoutOptions) {
  const { issuer, serviceProvider, keys, timeoutMs = 3000, fetch = globalThis.fetch } = options
  return async (nameId: string): Promise<void> => {
    const { entityId: audience, singleLogoutService } = await serviceProvider.read()
    if (singleLogoutService === undefined) throw new Error('the service provider takes no LogoutRequest')
    const [key] = await keys()
    // Signing XML holds this process up for milliseconds: what else is due at this moment leaves first.
    await setImmediate()
    const request = buildLogoutRequest(
      { issuer, destination: singleLogoutService, key, atMs: Date.now() },
      { nameId, audience },
    )
    const response = await fetch(singleLogoutService, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ SAMLRequest: Buffer.from(request).toString('base64') }),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    await response.body?.cancel()
    // The answer is a page or a redirect that would carry the LogoutResponse by a browser; there is none.
    if (response.status >= 400) throw new Error(`single logout: the service provider answered ${response.status}`)
  }
}
