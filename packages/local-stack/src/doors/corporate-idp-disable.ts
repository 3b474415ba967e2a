import { openCorporateDirectory } from '../demo/corporate-directory.ts'
import type { Door, DoorStack } from './door.ts'

/** IT disables the person in the company's directory, which tells Keycloak and the MCP server. */
export function corporateIdpDisable({ urls, clients }: DoorStack): Door {
  const directory = openCorporateDirectory(urls.corporateIdp, clients.directoryAdmin.secret)
  return {
    name: 'corporate-idp-disable',
    title: 'IT disables the person in the company’s directory',
    ends: 'tokens',
    async open({ username }) {
      await directory.disable(username)
      return performance.now()
    },
    async restore({ username }) {
      await directory.enable(username)
    },
  }
}
