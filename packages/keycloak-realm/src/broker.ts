import type IdentityProviderMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/identityProviderMapperRepresentation.js'
import type IdentityProviderRepresentation from '@keycloak/keycloak-admin-client/lib/defs/identityProviderRepresentation.js'
import { type ClaimNames, providerAddresses } from '@mcp-identity/provider-dialects'
import { attributesOf, issuerMapper, mapperOf, usernameTemplate } from './broker-mapper.ts'
import { samlConfig, samlMappers } from './broker-saml.ts'
import { type BrokeredIdp, brokeredIdps } from './brokered-idp.ts'
import { firstSignInFlowAlias } from './flows.ts'
import type { CheckedRealmSettings } from './settings.ts'

/** The corporate IdPs, whose word on people counts at every sign-in (`syncMode: FORCE`). */
export function buildIdentityProviders(settings: CheckedRealmSettings): IdentityProviderRepresentation[] {
  return brokeredIdps(settings).map((idp) => ({
    alias: idp.alias,
    displayName: idp.displayName,
    providerId: idp.protocol,
    enabled: true,
    // An e-mail address never joins two people into one: the link is the corporate IdP's subject.
    trustEmail: false,
    storeToken: false,
    addReadTokenRoleOnCreate: false,
    linkOnly: false,
    firstBrokerLoginFlowAlias: firstSignInFlowAlias,
    config:
      idp.protocol === 'saml'
        ? samlConfig(idp, `${settings.keycloakUrl}/realms/${settings.realm}`)
        : oidcConfig(idp, settings.profile),
  }))
}

function oidcConfig(
  { provider, issuer, serverUrl, clientSecret }: BrokeredIdp,
  profile: CheckedRealmSettings['profile'],
): Record<string, string> {
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
    clientSecret,
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
  return { filteredByClaim: 'true', claimFilterName: required.claim, claimFilterValue: literally(required.value) }
}

/** Keycloak reads the value as a regular expression: a dot would let in another domain. */
function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** Which claims say what is the provider's; where it has no groups claim, groups come by provisioning only. */
export function buildIdentityProviderMappers(settings: CheckedRealmSettings): IdentityProviderMapperRepresentation[] {
  return brokeredIdps(settings).flatMap((idp) => [
    ...(idp.protocol === 'saml' ? samlMappers(idp) : oidcMappers(idp)),
    issuerMapper(idp),
  ])
}

function oidcMappers(idp: BrokeredIdp): IdentityProviderMapperRepresentation[] {
  const forced = mapperOf(idp)
  const { claimNames, groups } = idp.provider
  const username = `CLAIM.${escaped(claimNames.username)}${claimNames.usernameIsAddress ? ' | localpart' : ''}`
  const { groups: groupsClaim = '' } = claimNames
  return [
    forced('username', 'oidc-username-idp-mapper', usernameTemplate(idp, username)),
    ...attributesOf(claimNames).map(([claim, attribute]) =>
      forced(`claim ${claim}`, 'oidc-user-attribute-idp-mapper', {
        claim: escaped(claim),
        'user.attribute': attribute,
      }),
    ),
    ...(groupsClaim === '' ? [] : idp.groups).map(([theirs, ours]) =>
      forced(`group ${theirs}`, 'oidc-advanced-group-idp-mapper', {
        claims: JSON.stringify([{ key: escaped(groupsClaim), value: groups.valueOf(theirs) }]),
        'are.claim.values.regex': 'false',
        group: `/${ours}`,
      }),
    ),
  ]
}

/** A dot in the name of a claim would lead Keycloak into a nested object. */
function escaped(claim: string): string {
  return claim.replaceAll('.', '\\.')
}
