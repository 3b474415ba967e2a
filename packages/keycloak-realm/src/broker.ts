import type IdentityProviderMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/identityProviderMapperRepresentation.js'
import type IdentityProviderRepresentation from '@keycloak/keycloak-admin-client/lib/defs/identityProviderRepresentation.js'
import { type ClaimNames, type Provider, providerAddresses } from '@mcp-identity/provider-dialects'
import { attributesOf, forced } from './broker-mapper.ts'
import { samlConfig, samlMappers } from './broker-saml.ts'
import { firstSignInFlowAlias } from './flows.ts'
import { identityProviderAlias, keycloakPlaceholder, secretPlaceholders } from './names.ts'
import { groupGrants } from './permissions.ts'
import type { CheckedRealmSettings } from './settings.ts'

/** The corporate IdP, whose word on people counts at every sign-in (`syncMode: FORCE`). */
export function buildIdentityProviders(settings: CheckedRealmSettings): IdentityProviderRepresentation[] {
  const { protocol } = settings.corporateIdp
  return [
    {
      alias: identityProviderAlias,
      displayName: 'Company',
      providerId: protocol,
      enabled: true,
      // An e-mail address never joins two people into one: the link is the corporate IdP's subject.
      trustEmail: false,
      storeToken: false,
      addReadTokenRoleOnCreate: false,
      linkOnly: false,
      firstBrokerLoginFlowAlias: firstSignInFlowAlias,
      config: protocol === 'saml' ? samlConfig(settings) : oidcConfig(settings),
    },
  ]
}

function oidcConfig({ corporateIdp, profile }: CheckedRealmSettings): Record<string, string> {
  const { provider, issuer, serverUrl = issuer } = corporateIdp
  const addresses = providerAddresses(provider, issuer)
  // Keycloak itself may reach the corporate IdP by another address than browsers do.
  const forServer = providerAddresses(provider, serverUrl)
  return {
    issuer: addresses.issuer,
    authorizationUrl: addresses.authorization,
    tokenUrl: forServer.token,
    userInfoUrl: forServer.userInfo,
    // Every claim stands in the ID token; asking for them again would only make the sign-in longer.
    disableUserInfo: 'true',
    jwksUrl: forServer.keys,
    logoutUrl: addresses.endSession,
    backchannelSupported: 'false',
    useJwksUrl: 'true',
    validateSignature: 'true',
    clientId: provider.clientIds.broker,
    clientSecret: secretPlaceholders.brokerClient,
    clientAuthMethod: 'client_secret_basic',
    defaultScope: provider.idToken.scopes.join(' '),
    pkceEnabled: 'true',
    pkceMethod: 'S256',
    syncMode: 'FORCE',
    ...requiredClaim(provider.claimNames),
    ...(profile === 'preview' ? identityAssertionConfig : {}),
  }
}

/** Lets Keycloak redeem identity assertions (ID-JAG) of the corporate IdP that are at most five minutes old. */
const identityAssertionConfig = {
  jwtAuthorizationGrantEnabled: 'true',
  jwtAuthorizationGrantAssertionSignatureAlg: 'RS256',
  jwtAuthorizationGrantMaxAllowedAssertionExpiration: '300',
}

/** Keycloak lets nobody in whose ID token lacks the claim or has another value in it. */
function requiredClaim({ required }: ClaimNames): Record<string, string> {
  if (required === undefined) return {}
  return { filteredByClaim: 'true', claimFilterName: required.claim, claimFilterValue: required.value }
}

/** Which claims say what is the provider's; where it has no groups claim, groups come by provisioning only. */
export function buildIdentityProviderMappers({
  corporateIdp: { provider, protocol },
}: CheckedRealmSettings): IdentityProviderMapperRepresentation[] {
  if (protocol === 'saml') return samlMappers()
  return [
    forced('username', 'oidc-username-idp-mapper', { template: usernameTemplate(provider), target: 'LOCAL' }),
    ...attributesOf(provider.claimNames).map(([claim, attribute]) =>
      forced(`claim ${claim}`, 'oidc-user-attribute-idp-mapper', {
        claim: escaped(claim),
        'user.attribute': attribute,
      }),
    ),
    ...groupMappers(provider),
  ]
}

function usernameTemplate({ claimNames: { username, usernameIsAddress } }: Provider): string {
  return keycloakPlaceholder(`CLAIM.${escaped(username)}${usernameIsAddress ? ' | localpart' : ''}`)
}

function groupMappers({ claimNames, groups }: Provider): IdentityProviderMapperRepresentation[] {
  const { groups: claim } = claimNames
  if (claim === undefined) return []
  return groupGrants.map(({ group }) =>
    forced(`group ${group}`, 'oidc-advanced-group-idp-mapper', {
      claims: JSON.stringify([{ key: escaped(claim), value: groups.valueOf(group) }]),
      'are.claim.values.regex': 'false',
      group: `/${group}`,
    }),
  )
}

/** A dot in the name of a claim would lead Keycloak into a nested object. */
function escaped(claim: string): string {
  return claim.replaceAll('.', '\\.')
}
