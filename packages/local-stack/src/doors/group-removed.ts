import { directoryOf } from '../demo/domain-directory.ts'
import type { Door, DoorStack } from './door.ts'

/** Grants nothing but the right to be here, and everybody is in it. */
const groupOfEverybody = 'All Staff'

/** IT takes the person out of every group that grants something; she may still ask who she is. */
export function groupRemoved(stack: DoorStack): Door {
  const directory = directoryOf(stack)
  const groupsBefore = new Map<string, string[]>()
  return {
    name: 'group-removed',
    title: 'IT takes the person out of a group in the company’s directory',
    ends: 'permission',
    loses: { name: 'list_customers', arguments: { limit: 1 } },
    async open({ username }) {
      const groups = await directory.groupsOf(username)
      if (!groupsBefore.has(username)) groupsBefore.set(username, groups)
      await directory.changeGroups(
        username,
        groups.filter((group) => group === groupOfEverybody),
      )
      return performance.now()
    },
    async restore({ username }) {
      const groups = groupsBefore.get(username)
      if (groups === undefined) return
      await directory.setGroups(username, groups)
      groupsBefore.delete(username)
    },
  }
}
