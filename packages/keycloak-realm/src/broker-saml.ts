import type IdentityProviderMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/identityProviderMapperRepresentation.js'
import { samlAddresses, samlAttributeNames } from '@mcp-identity/provider-dialects'
import { attributesOf, mapperOf, usernameTemplate } from './broker-mapper.ts'
import type { BrokeredIdp } from './brokered-idp.ts'

/**
 * The corporate IdP over SAML 2.0 (Web Browser SSO by POST). The name that joins an account to the corporate IdP is the
 * persistent NameID; its keys come from its metadata, so that a new one needs no change here.
 *
 * Keycloak verifies every signature that a response holds and insists on one over the assertion. It has no setting that
 * insists on one over the response as well.
 */
export function samlConfig({ issuer, serverUrl }: BrokeredIdp, realmUrl: string): Record<string, string> {
  const addresses = samlAddresses(issuer)
  return {
    entityId: realmUrl,
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
export function samlMappers(idp: BrokeredIdp): IdentityProviderMapperRepresentation[] {
  const forced = mapperOf(idp)
  const { username, groups } = samlAttributeNames
  return [
    forced('username', 'saml-username-idp-mapper', usernameTemplate(idp, `ATTRIBUTE.${username}`)),
    ...attributesOf(samlAttributeNames).map(([name, attribute]) =>
      forced(`attribute ${name}`, 'saml-user-attribute-idp-mapper', {
        'attribute.name': name,
        'attribute.name.format': 'ATTRIBUTE_FORMAT_BASIC',
        'user.attribute': attribute,
      }),
    ),
    ...idp.groups.map(([theirs, ours]) =>
      forced(`group ${theirs}`, 'saml-advanced-group-idp-mapper', {
        attributes: JSON.stringify([{ key: groups, value: theirs }]),
        'are.attribute.values.regex': 'false',
        group: `/${ours}`,
      }),
    ),
  ]
}
