import type IdentityProviderMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/identityProviderMapperRepresentation.js'
import { type ClaimNames, providerAddresses, samlAddresses } from '@mcp-identity/provider-dialects'
import type { BrokeredIdp } from './brokered-idp.ts'
import { identityProviderNote, keycloakPlaceholder } from './names.ts'

/** Name at the corporate IdP → attribute of the person in the realm. */
export function attributesOf(names: ClaimNames): [name: string, attribute: string][] {
  const { email, givenName, familyName, department, zoneinfo, country } = names
  const all = { email, firstName: givenName, lastName: familyName, department, zoneinfo, country }
  return Object.entries(all).flatMap(([attribute, name]) => (name === undefined ? [] : [[name, attribute]]))
}

/** A mapper that runs at every sign-in: a change in the directory always arrives. */
export type MakeMapper = (
  name: string,
  type: string,
  config: Record<string, string>,
) => IdentityProviderMapperRepresentation

/** Makes the mappers of one identity provider. */
export function mapperOf({ alias }: Pick<BrokeredIdp, 'alias'>): MakeMapper {
  return (name, type, config) => ({
    name,
    identityProviderAlias: alias,
    identityProviderMapper: type,
    config: { syncMode: 'FORCE', ...config },
  })
}

/** The user name that a person gets: what `expression` finds in the token or assertion, behind the prefix. */
export function usernameTemplate({ usernamePrefix }: BrokeredIdp, expression: string): Record<string, string> {
  return { template: `${usernamePrefix}${keycloakPlaceholder(expression)}`, target: 'LOCAL' }
}

/** Notes on the session who signed the person in, for the claim `idp`. */
export function issuerMapper(idp: BrokeredIdp): IdentityProviderMapperRepresentation {
  const { protocol, provider, issuer } = idp
  return mapperOf(idp)('issuer', 'hardcoded-user-session-attribute-idp-mapper', {
    attribute: identityProviderNote,
    'attribute.value':
      protocol === 'saml' ? samlAddresses(issuer).entityId : providerAddresses(provider, issuer).issuer,
  })
}
