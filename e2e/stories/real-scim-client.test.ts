import { join } from 'node:path'
import { refusalBoundMs } from '@mcp-identity/local-stack/demo'
import { createSettling, type Door, openScimClient } from '@mcp-identity/local-stack/doors'
import { expect, inject, it } from 'vitest'
import { isRefused, openDoorOnce } from '../door-round.ts'
import { prepareClient } from '../real-clients/prepare-client.ts'
import { mustRun } from '../real-clients/run-command.ts'

const stack = inject('stack')
const scim = openScimClient(stack, 'scim2-client')
const username = 'anna'

it('scim2-client learns what Keycloak offers, sets a person inactive, and her token is refused within a second and for good; set active, she signs in anew', {
  timeout: 120_000,
}, async (context) => {
  const folder = await prepareClient(context, 'python-scim2')
  const settling = createSettling()

  /** @returns What Keycloak says of her then. */
  async function setActive(active: boolean): Promise<unknown> {
    const args = [join(folder, 'driver.py'), scim.url, username, String(active)]
    const env = { ...process.env, ACCESS_TOKEN: await scim.accessToken() }
    return JSON.parse(await mustRun(join(folder, 'venv/bin/python'), args, { env }))
  }

  const door: Door = {
    name: 'scim2-client',
    title: 'scim2-client sets the person inactive in Keycloak',
    ends: 'tokens',
    async open() {
      expect(await setActive(false)).toEqual({ active: false })
      settling.opened(username)
      return performance.now()
    },
    async restore() {
      expect(await setActive(true)).toEqual({ active: true })
      await settling.settled(username)
    },
  }

  const round = await openDoorOnce(stack, door, username).finally(() => door.restore({ username }))
  expect(round.answerToRefusalMs).toBeLessThan(refusalBoundMs)
  expect(round.refusal).toMatchObject({ status: 401, challengeError: 'invalid_token' })
  expect(round.afterwards.filter((answer) => !isRefused(answer))).toEqual([])
  expect(round.streamEnd).toBe('{"reason":"revoked"}')
  expect(round.refreshError).toBe('invalid_grant')
  const again = await openDoorOnce(stack, door, username).finally(() => door.restore({ username }))
  expect(again.oldToken).not.toBe(round.oldToken)
})
