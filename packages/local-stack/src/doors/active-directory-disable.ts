import { directoryOf } from '../demo/domain-directory.ts'
import { disabledInDirectory } from './disabled-in-directory.ts'
import type { Door, DoorStack } from './door.ts'

/** IT disables the account in Active Directory, by LDAP as its consoles do. */
export function activeDirectoryDisable(stack: DoorStack): Door {
  return disabledInDirectory(directoryOf(stack), {
    name: 'active-directory-disable',
    title: 'IT disables the account in Active Directory',
  })
}
