import type { SamlAddresses } from '@mcp-identity/provider-dialects'
import type { Keys } from '../provider/keys.ts'
import type { LogoutOutcome } from '../signals/signal-senders.ts'
import { type SamlKey, toSamlKey } from './certificate.ts'
import { createServiceProviderLogout } from './logout-at-service-provider.ts'
import { createSamlRoutes, type SamlOptions } from './saml-routes.ts'
import { registerServiceProvider } from './service-provider.ts'

export interface KeycloakAsServiceProvider {
  /** Issuer of the realm, its entity id. */
  issuer: string
  /** What the realm calls this IdP. */
  alias: string
  /** Where this process reaches Keycloak. */
  url: string
}

type Options = Omit<SamlOptions, 'keys' | 'serviceProvider'> & {
  addresses: SamlAddresses
  keycloak: KeycloakAsServiceProvider
  /** Keys of the OpenID Provider; SAML messages are signed by the same one. */
  currentKeys: () => Keys
}

/** SAML 2.0 for Keycloak: what the browser asks for, and the LogoutRequest of the leaver process. */
export function createSaml({ keycloak, currentKeys, ...options }: Options) {
  const known = new Map<string, Promise<SamlKey>>()

  function samlKey(key: Keys['signing'] | Keys['retired'][number]): Promise<SamlKey> {
    const made = known.get(key.kid) ?? toSamlKey(key)
    known.set(key.kid, made)
    return made
  }

  async function keys(): Promise<readonly [SamlKey, ...SamlKey[]]> {
    const { signing, retired } = currentKeys()
    return [await samlKey(signing), ...(await Promise.all(retired.map(samlKey)))]
  }

  const serviceProvider = registerServiceProvider({
    entityId: keycloak.issuer,
    metadataUrl: `${keycloak.url}${new URL(keycloak.issuer).pathname}/broker/${keycloak.alias}/endpoint/descriptor`,
  })
  const logOut = createServiceProviderLogout({ issuer: options.addresses.entityId, serviceProvider, keys })
  return {
    routes: createSamlRoutes({ ...options, keys, serviceProvider }),
    /** @param nameId Of the person whose sessions at Keycloak end. */
    async endBrokeredSessions(nameId: string): Promise<LogoutOutcome> {
      await logOut(nameId)
      return 'done'
    },
  }
}
