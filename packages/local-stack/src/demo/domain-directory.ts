import { openDomainAdministration } from '@mcp-identity/active-directory/domain-controller'
import { createSettling } from '../doors/settling.ts'
import type { StackFile } from '../stack-file.ts'
import { type CorporateDirectory, type DirectoryAnswer, openCorporateDirectory } from './corporate-directory.ts'

/** What tells where people of a stack are kept. */
export type DirectoryStack = Pick<StackFile, 'domainController'> & {
  urls: Pick<StackFile['urls'], 'corporateIdp'>
  clients: Pick<StackFile['clients'], 'directoryAdmin'>
}

/** What every directory of a company can do. */
export type CompanyDirectory = Omit<CorporateDirectory, 'rotateSigningKey' | 'reconcile'>

/** The directory of a stack, whichever it is: the corporate IdP's own, or Active Directory. */
export function directoryOf({ domainController, urls, clients }: DirectoryStack): CompanyDirectory {
  return domainController === undefined
    ? openCorporateDirectory(urls.corporateIdp, clients.directoryAdmin.secret)
    : openDomainDirectory(domainController)
}

/** What IT does in the domain; Keycloak reads it there, so there is nothing to wait for but the dates of cut-offs. */
function openDomainDirectory(controller: NonNullable<StackFile['domainController']>): CompanyDirectory {
  const domain = openDomainAdministration(controller)
  const settling = createSettling()

  async function answered(work: Promise<void>): Promise<DirectoryAnswer> {
    const startedAt = performance.now()
    await work
    return { tookMs: performance.now() - startedAt }
  }

  return {
    disable: (username) => {
      settling.opened(username)
      return answered(domain.disable(username))
    },
    async enable(username) {
      const answer = await answered(domain.enable(username))
      await settling.settled(username)
      return answer
    },
    changeGroups: (username, groups) => answered(domain.setGroups(username, groups)),
    setGroups: (username, groups) => answered(domain.setGroups(username, groups)),
    resetPassword: (username, password) => answered(domain.resetPassword(username, password)),
    groupsOf: domain.groupsOf,
    // Keycloak and the watcher read the domain for themselves.
    announce: async () => ({ tookMs: 0 }),
    settle: async () => {},
    close: domain.close,
  }
}
