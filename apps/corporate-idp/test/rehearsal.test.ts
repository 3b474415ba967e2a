import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createKeycloak } from '../src/signals/keycloak.ts'
import { startRehearsal } from '../src/signals/rehearsal.ts'
import { type KeycloakDouble, startKeycloakDouble } from './support/keycloak-double.ts'

let double: KeycloakDouble

beforeEach(async () => {
  double = await startKeycloakDouble()
})
afterEach(() => double.close())

/** Runs the rehearsal, each retry at once, until it is over or waits for the time that is given. */
function rehearse(logoutTokenIsTaken = true) {
  const lines: string[] = []
  const log = pino({}, { write: (line) => void lines.push(line) })
  const retries: (() => void)[] = []
  const keycloak = createKeycloak({
    url: double.url,
    issuer: double.issuer,
    provisioner: { clientId: 'corporate-idp-provisioner', secret: 'a secret of the tests' },
  })
  const end = startRehearsal({
    keycloak,
    endBrokeredSessions: async () => (logoutTokenIsTaken ? 'done' : keycloak.sendLogoutToken('no token')),
    log,
    schedule: (_delayMs, action) => {
      retries.push(action)
      return () => void retries.splice(retries.indexOf(action), 1)
    },
  })
  return { lines, retries, end }
}

it('goes through every signal for nobody, and changes nobody', async () => {
  const user = double.addUser('alice', 'emp-1001')
  const { lines } = rehearse()
  await expect.poll(() => lines.join('')).toContain('Keycloak and the resource servers take signals')
  expect(new Set(double.calls)).toEqual(new Set(['token', 'find user', 'groups', 'active false', 'admin logout']))
  expect(user).toMatchObject({ active: true, sessions: 1, notBefore: false })
})

it('says what is wrong, once, and tries again', async () => {
  double.fail('find user', 403, 403)
  const { lines, retries } = rehearse()
  await expect.poll(() => retries).toHaveLength(1)
  expect(lines).toEqual([expect.stringContaining('SCIM look-up: Keycloak answered 403')])
  retries[0]?.()
  await expect.poll(() => retries).toHaveLength(2)
  expect(lines).toHaveLength(1)
  retries[1]?.()
  await expect.poll(() => lines.join('')).toContain('Keycloak and the resource servers take signals')
})

it('can be ended while Keycloak does not answer', async () => {
  double.fail('find user', 'drop')
  const { retries, end } = rehearse()
  await expect.poll(() => retries).toHaveLength(1)
  end()
  expect(retries).toHaveLength(0)
})
