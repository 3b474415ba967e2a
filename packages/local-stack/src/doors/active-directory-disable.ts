import { directoryOf } from '../demo/domain-directory.ts'
import type { Door, DoorStack } from './door.ts'

/** IT disables the account in Active Directory, by LDAP as its consoles do. */
export function activeDirectoryDisable(stack: DoorStack): Door {
  const directory = directoryOf(stack)
  return {
    name: 'active-directory-disable',
    title: 'IT disables the account in Active Directory',
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
