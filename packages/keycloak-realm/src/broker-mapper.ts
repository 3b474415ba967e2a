import type IdentityProviderMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/identityProviderMapperRepresentation.js'
import type { ClaimNames } from '@mcp-identity/provider-dialects'
import { identityProviderAlias } from './names.ts'

/** Name at the corporate IdP → attribute of the person in the realm. */
export function attributesOf(names: ClaimNames): [name: string, attribute: string][] {
  const { email, givenName, familyName, department, zoneinfo, country } = names
  const all = { email, firstName: givenName, lastName: familyName, department, zoneinfo, country }
  return Object.entries(all).flatMap(([attribute, name]) => (name === undefined ? [] : [[name, attribute]]))
}

/** A mapper that runs at every sign-in: a change in the directory always arrives. */
export function forced(
  name: string,
  type: string,
  config: Record<string, string>,
): IdentityProviderMapperRepresentation {
  return {
    name,
    identityProviderAlias,
    identityProviderMapper: type,
    config: { syncMode: 'FORCE', ...config },
  }
}
