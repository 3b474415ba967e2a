import { activeDirectoryDisable } from './active-directory-disable.ts'
import { corporateIdpDisable } from './corporate-idp-disable.ts'
import type { Door, DoorStack } from './door.ts'
import { globalTokenRevocation } from './global-token-revocation.ts'
import { groupRemoved } from './group-removed.ts'
import { keycloakDisable } from './keycloak-disable.ts'
import { keycloakLogout } from './keycloak-logout.ts'
import { keycloakPasswordReset } from './keycloak-password-reset.ts'
import { passwordReset } from './password-reset.ts'
import { refreshTokenRevoked } from './refresh-token-revoked.ts'
import { scimClient } from './scim-client.ts'
import { sessionEndedByAdministrator } from './session-ended-by-administrator.ts'
import { sessionEndedByPerson } from './session-ended-by-person.ts'

export { clientDisabled } from './client-disabled.ts'
export type { Door, DoorStack, ToolCall, Visitor } from './door.ts'
export { claimsOf } from './door.ts'
export { type KeycloakAdministrator, openKeycloakAdministrator } from './keycloak-administrator.ts'
export { openScimClient, type ScimClient } from './scim-registration.ts'
export { createSettling, type Settling } from './settling.ts'

/**
 * Every way in which the access of a person ends, over one running stack. Nothing is done until a door is opened; doors
 * of different people may be open at the same time.
 *
 * With Active Directory, whoever is disabled or given a new password is so there: Keycloak may not write to it.
 */
export function doorsOf(stack: DoorStack): Door[] {
  const makers = stack.domainController === undefined ? doorsOfCorporateIdp : doorsOfActiveDirectory
  return makers.map((make) => make(stack))
}

const doorsOfCorporateIdp = [
  corporateIdpDisable,
  scimClient,
  keycloakDisable,
  keycloakLogout,
  refreshTokenRevoked,
  globalTokenRevocation,
  sessionEndedByAdministrator,
  sessionEndedByPerson,
  passwordReset,
  keycloakPasswordReset,
  groupRemoved,
]

const doorsOfActiveDirectory = [
  activeDirectoryDisable,
  keycloakLogout,
  refreshTokenRevoked,
  sessionEndedByAdministrator,
  sessionEndedByPerson,
  passwordReset,
  groupRemoved,
]
