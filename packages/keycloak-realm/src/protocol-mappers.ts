import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js'
import { identityProviderNote, keycloakPlaceholder } from './names.ts'

/** Where a claim appears. The introspection answer always mirrors the access token. */
const everywhere = {
  'access.token.claim': 'true',
  'introspection.token.claim': 'true',
  'id.token.claim': 'true',
  'userinfo.token.claim': 'true',
}
const accessTokenOnly = {
  'access.token.claim': 'true',
  'introspection.token.claim': 'true',
  'id.token.claim': 'false',
  'userinfo.token.claim': 'false',
}

/** Puts `audience` into `aud` (RFC 9068 section 2.2). `audience` is the `clientId` of a resource server in this realm. */
export function audienceMapper(audience: string): ProtocolMapperRepresentation {
  return mapper(`audience ${audience}`, 'oidc-audience-mapper', {
    ...accessTokenOnly,
    'included.client.audience': audience,
  })
}

/** Puts an address that is no client of the realm into `aud`: Keycloak's own SCIM endpoint. */
export function addressAudienceMapper(audience: string): ProtocolMapperRepresentation {
  return mapper(`audience ${audience}`, 'oidc-audience-mapper', {
    ...accessTokenOnly,
    'included.custom.audience': audience,
  })
}

/** `resource_access[clientId].roles`: the roles at one client that the token's scopes carry. */
export function clientRolesMapper(clientId: string): ProtocolMapperRepresentation {
  return mapper(`roles ${clientId}`, 'oidc-usermodel-client-role-mapper', {
    ...accessTokenOnly,
    'usermodel.clientRoleMapping.clientId': clientId,
    'claim.name': `resource_access.${keycloakPlaceholder('client_id')}.roles`,
    'jsonType.label': 'String',
    multivalued: 'true',
  })
}

/** An attribute of the person, as a string. */
export function attributeMapper(attribute: string, claim: string = attribute): ProtocolMapperRepresentation {
  return mapper(claim, 'oidc-usermodel-attribute-mapper', {
    ...everywhere,
    'user.attribute': attribute,
    'claim.name': claim,
    'jsonType.label': 'String',
  })
}

export const subjectMapper = mapper('sub', 'oidc-sub-mapper', {
  'access.token.claim': 'true',
  'introspection.token.claim': 'true',
})

export const authenticationTimeMapper = mapper('auth_time', 'oidc-usersessionmodel-note-mapper', {
  ...everywhere,
  'userinfo.token.claim': 'false',
  'user.session.note': 'AUTH_TIME',
  'claim.name': 'auth_time',
  'jsonType.label': 'long',
})

export const authenticationLevelMapper = mapper('acr', 'oidc-acr-mapper', {
  ...everywhere,
  'userinfo.token.claim': 'false',
})

/** Who signed the person in: the issuer of a corporate IdP. Absent where Keycloak did so itself. */
export const identityProviderMapper = mapper('idp', 'oidc-usersessionmodel-note-mapper', {
  ...everywhere,
  'user.session.note': identityProviderNote,
  'claim.name': identityProviderNote,
  'jsonType.label': 'String',
})

/** Says in so many words that no person is behind the token: Keycloak notes the client on sessions of service accounts only. */
export const serviceAccountMapper = mapper('client_id', 'oidc-usersessionmodel-note-mapper', {
  ...accessTokenOnly,
  'user.session.note': 'client_id',
  'claim.name': 'client_id',
  'jsonType.label': 'String',
})

export const fullNameMapper = mapper('name', 'oidc-full-name-mapper', everywhere)

/** Names of the groups, without a leading slash or a path. */
export const groupsMapper = mapper('groups', 'oidc-group-membership-mapper', {
  ...everywhere,
  'claim.name': 'groups',
  'full.path': 'false',
})

/** The client's web origins, from which Keycloak's account and admin APIs let browsers read their answers. */
export const allowedOriginsMapper = mapper('allowed-origins', 'oidc-allowed-origins-mapper', {
  'access.token.claim': 'true',
  'introspection.token.claim': 'true',
})

function mapper(name: string, protocolMapper: string, config: Record<string, string>): ProtocolMapperRepresentation {
  return { name, protocol: 'openid-connect', protocolMapper, config }
}
