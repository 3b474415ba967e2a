import { type Provider, providers } from '@mcp-identity/provider-dialects'
import { acquiredClientSecret, identityProviderAlias, secretPlaceholders } from './names.ts'
import { groupGrants } from './permissions.ts'
import type { CheckedRealmSettings } from './settings.ts'

/** A corporate IdP as the realm brokers it. */
export interface BrokeredIdp {
  alias: string
  displayName: string
  issuer: string
  /** Where Keycloak itself reaches it. */
  serverUrl: string
  provider: Provider
  protocol: 'oidc' | 'saml'
  clientSecret: string
  /** Stands before the user names of its people, so that they meet nobody else's. */
  usernamePrefix: string
  /** Group there, and the group of the realm that it stands for. */
  groups: readonly (readonly [theirs: string, ours: string])[]
}

/** The company's own, where every group stands for itself, and those of the companies that came later. */
export function brokeredIdps({ corporateIdp, acquired }: CheckedRealmSettings): BrokeredIdp[] {
  const { issuer, serverUrl = issuer, provider, protocol } = corporateIdp
  return [
    {
      alias: identityProviderAlias,
      displayName: 'Company',
      issuer,
      serverUrl,
      provider,
      protocol,
      clientSecret: secretPlaceholders.brokerClient,
      usernamePrefix: '',
      groups: groupGrants.map(({ group }) => [group, group]),
    },
    ...acquired.map(({ groups, ...idp }) => ({
      serverUrl: idp.issuer,
      provider: providers.generic,
      protocol: 'oidc' as const,
      ...idp,
      clientSecret: acquiredClientSecret(idp.alias),
      usernamePrefix: `${idp.alias}.`,
      groups: Object.entries(groups),
    })),
  ]
}
