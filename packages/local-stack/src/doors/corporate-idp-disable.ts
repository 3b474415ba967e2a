import { openCorporateDirectory } from '../demo/corporate-directory.ts'
import { disabledInDirectory } from './disabled-in-directory.ts'
import type { Door, DoorStack } from './door.ts'

/** IT disables the person in the company's directory, which tells Keycloak and the MCP server. */
export function corporateIdpDisable({ urls, clients }: DoorStack): Door {
  return disabledInDirectory(openCorporateDirectory(urls.corporateIdp, clients.directoryAdmin.secret), {
    name: 'corporate-idp-disable',
    title: 'IT disables the person in the company’s directory',
  })
}
