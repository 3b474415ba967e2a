import type IdentityProviderMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/identityProviderMapperRepresentation.js'
import { samlAddresses, samlAttributeNames } from '@mcp-identity/provider-dialects'
import { attributesOf, forced } from './broker-mapper.ts'
import { keycloakPlaceholder } from './names.ts'
import { groupGrants } from './permissions.ts'
import type { CheckedRealmSettings } from './settings.ts'

/**
 * The corporate IdP over SAML 2.0 (Web Browser SSO by POST). The name that joins an account to the corporate IdP is the
 * persistent NameID; its keys come from its metadata, so that a new one needs no change here.
 *
 * Keycloak verifies every signature that a response holds and insists on one over the assertion. It has no setting that
 * insists on one over the response as well.
 */
export function samlConfig({ realm, keycloakUrl, corporateIdp }: CheckedRealmSettings): Record<string, string> {
  const { issuer, serverUrl = issuer } = corporateIdp
  const addresses = samlAddresses(issuer)
  return {
    entityId: `${keycloakUrl}/realms/${realm}`,
    idpEntityId: addresses.entityId,
    singleSignOnServiceUrl: addresses.singleSignOn,
    singleLogoutServiceUrl: addresses.singleLogout,
    // Whoever signs out of the realm signs out of the company by the browser; an administrator who ends a session does not.
    backchannelSupported: 'false',
    metadataDescriptorUrl: samlAddresses(serverUrl).entityId,
    useMetadataDescriptorUrl: 'true',
    validateSignature: 'true',
    wantAssertionsSigned: 'true',
    wantAuthnRequestsSigned: 'true',
    signatureAlgorithm: 'RSA_SHA256',
    xmlSigKeyInfoKeyNameTransformer: 'KEY_ID',
    principalType: 'SUBJECT',
    nameIDPolicyFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    allowCreate: 'true',
    forceAuthn: 'false',
    postBindingAuthnRequest: 'false',
    postBindingResponse: 'true',
    postBindingLogout: 'false',
    allowedClockSkew: '5',
    syncMode: 'FORCE',
  }
}

/** The same person as over OpenID Connect: the same attributes and the same groups, from attributes of the assertion. */
export function samlMappers(): IdentityProviderMapperRepresentation[] {
  const { username, groups } = samlAttributeNames
  return [
    forced('username', 'saml-username-idp-mapper', {
      template: keycloakPlaceholder(`ATTRIBUTE.${username}`),
      target: 'LOCAL',
    }),
    ...attributesOf(samlAttributeNames).map(([name, attribute]) =>
      forced(`attribute ${name}`, 'saml-user-attribute-idp-mapper', {
        'attribute.name': name,
        'attribute.name.format': 'ATTRIBUTE_FORMAT_BASIC',
        'user.attribute': attribute,
      }),
    ),
    ...groupGrants.map(({ group }) =>
      forced(`group ${group}`, 'saml-advanced-group-idp-mapper', {
        attributes: JSON.stringify([{ key: groups, value: group }]),
        'are.attribute.values.regex': 'false',
        group: `/${group}`,
      }),
    ),
  ]
}
