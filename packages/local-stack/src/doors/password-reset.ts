import { randomBytes } from 'node:crypto'
import { directoryOf } from '../demo/domain-directory.ts'
import type { Door, DoorStack } from './door.ts'
import { createSettling } from './settling.ts'

/** IT resets the person's password in the company's directory: whoever has the old one, and a session by it, is out. */
export function passwordReset(stack: DoorStack): Door {
  const { accounts } = stack
  const directory = directoryOf(stack)
  const settling = createSettling()
  const reset = new Set<string>()
  return {
    name: 'password-reset',
    title: 'IT resets the person’s password in the company’s directory',
    ends: 'tokens',
    async open({ username }) {
      reset.add(username)
      await directory.resetPassword(username, randomBytes(24).toString('base64url'))
      settling.opened(username)
      return performance.now()
    },
    async restore({ username }) {
      const password = accounts.find((account) => account.username === username)?.password
      if (!reset.delete(username) || password === undefined) return
      await directory.resetPassword(username, password)
      settling.opened(username)
      await settling.settled(username)
    },
  }
}
