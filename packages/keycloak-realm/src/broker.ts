import type IdentityProviderMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/identityProviderMapperRepresentation.js'
import type IdentityProviderRepresentation from '@keycloak/keycloak-admin-client/lib/defs/identityProviderRepresentation.js'
import { firstSignInFlowAlias } from './flows.ts'
import { brokerClientId, identityProviderAlias, keycloakPlaceholder, secretPlaceholders } from './names.ts'
import { groupGrants } from './permissions.ts'
import type { CheckedRealmSettings } from './settings.ts'

/** The corporate IdP, whose word on people counts at every sign-in (`syncMode: FORCE`). */
export function buildIdentityProviders({
  corporateIdp,
  profile,
}: CheckedRealmSettings): IdentityProviderRepresentation[] {
  const { issuer, serverUrl = issuer } = corporateIdp
  return [
    {
      alias: identityProviderAlias,
      displayName: 'Company',
      providerId: 'oidc',
      enabled: true,
      // An e-mail address never joins two people into one: the link is the corporate IdP's subject.
      trustEmail: false,
      storeToken: false,
      addReadTokenRoleOnCreate: false,
      linkOnly: false,
      firstBrokerLoginFlowAlias: firstSignInFlowAlias,
      config: {
        issuer,
        authorizationUrl: `${issuer}/auth`,
        tokenUrl: `${serverUrl}/token`,
        userInfoUrl: `${serverUrl}/me`,
        // Every claim stands in the ID token; asking for them again would only make the sign-in longer.
        disableUserInfo: 'true',
        jwksUrl: `${serverUrl}/jwks`,
        logoutUrl: `${issuer}/session/end`,
        backchannelSupported: 'false',
        useJwksUrl: 'true',
        validateSignature: 'true',
        clientId: brokerClientId,
        clientSecret: secretPlaceholders.brokerClient,
        clientAuthMethod: 'client_secret_basic',
        defaultScope: 'openid profile email groups',
        pkceEnabled: 'true',
        pkceMethod: 'S256',
        syncMode: 'FORCE',
        ...(profile === 'preview' ? identityAssertionConfig : {}),
      },
    },
  ]
}

/** Lets Keycloak redeem identity assertions (ID-JAG) of the corporate IdP that are at most five minutes old. */
const identityAssertionConfig = {
  jwtAuthorizationGrantEnabled: 'true',
  jwtAuthorizationGrantAssertionSignatureAlg: 'RS256',
  jwtAuthorizationGrantMaxAllowedAssertionExpiration: '300',
}

/** Claim of the corporate IdP → attribute of the person in the realm. */
const attributeOfClaim = {
  email: 'email',
  given_name: 'firstName',
  family_name: 'lastName',
  department: 'department',
  zoneinfo: 'zoneinfo',
  country: 'country',
}

export function buildIdentityProviderMappers(): IdentityProviderMapperRepresentation[] {
  return [
    forced('username', 'oidc-username-idp-mapper', {
      template: keycloakPlaceholder('CLAIM.preferred_username'),
      target: 'LOCAL',
    }),
    ...Object.entries(attributeOfClaim).map(([claim, attribute]) =>
      forced(`claim ${claim}`, 'oidc-user-attribute-idp-mapper', { claim, 'user.attribute': attribute }),
    ),
    ...groupGrants.map(({ group }) =>
      forced(`group ${group}`, 'oidc-advanced-group-idp-mapper', {
        claims: JSON.stringify([{ key: 'groups', value: group }]),
        'are.claim.values.regex': 'false',
        group: `/${group}`,
      }),
    ),
  ]
}

function forced(name: string, type: string, config: Record<string, string>): IdentityProviderMapperRepresentation {
  return {
    name,
    identityProviderAlias,
    identityProviderMapper: type,
    config: { syncMode: 'FORCE', ...config },
  }
}
