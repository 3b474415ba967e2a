import type { UserProfileAttribute } from '@keycloak/keycloak-admin-client/lib/defs/userProfileMetadata.js'
import type { ImportedComponent } from './registration-policies.ts'

/** Provider type under which the user profile stands in `components`. */
export const userProfileType = 'org.keycloak.userprofile.UserProfileProvider'

const enterpriseUser = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const companyUser = 'urn:ietf:params:scim:schemas:extension:company:2.0:User'

/**
 * What the realm knows about a person. All of it comes from the directory, so nobody edits it here but the admin API.
 * Each attribute of our own names its SCIM attribute; without that Keycloak answers no SCIM request at all.
 */
const attributes: UserProfileAttribute[] = [
  { name: 'username', displayName: 'User name', validations: { length: { min: 1, max: 255 } } },
  { name: 'email', displayName: 'E-mail', validations: { email: {}, length: { max: 255 } } },
  { name: 'firstName', displayName: 'First name', validations: { length: { max: 255 } } },
  { name: 'lastName', displayName: 'Last name', validations: { length: { max: 255 } } },
  scimAttribute('department', 'Department', `${enterpriseUser}:department`),
  scimAttribute('zoneinfo', 'Time zone', `${companyUser}:zoneinfo`),
  scimAttribute('country', 'Country', `${companyUser}:country`),
]

export function buildUserProfile(): ImportedComponent {
  const profile = {
    attributes: attributes.map((attribute) => ({
      ...attribute,
      permissions: { view: ['admin', 'user'], edit: ['admin'] },
    })),
  }
  return {
    providerId: 'declarative-user-profile',
    subComponents: {},
    config: { 'kc.user.profile.config': [JSON.stringify(profile)] },
  }
}

function scimAttribute(name: string, displayName: string, scimName: string): UserProfileAttribute {
  return {
    name,
    displayName,
    validations: { length: { max: 255 } },
    annotations: { 'kc.scim.schema.attribute': scimName },
  }
}
