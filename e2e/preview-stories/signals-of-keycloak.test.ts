import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Door, doorsOf } from '@mcp-identity/local-stack/doors'
import { expect, inject, it } from 'vitest'
import { openDoorOnce } from '../door-round.ts'

const stack = inject('stack')
const logs = inject('logs')
const username = 'dave'

/** How many security events of Keycloak the MCP server has taken by push. */
async function pushesTaken(): Promise<number> {
  const lines = (await readFile(join(logs, 'mcp-server.log'), 'utf8')).split('\n')
  return lines.filter((line) => line.includes('"ssf_push"') && line.includes(`"transmitter":"${stack.urls.issuer}"`))
    .length
}

// Keycloak 26.7 tells of these by push; of a person who is disabled it tells nothing.
const told = ['keycloak-logout', 'keycloak-password-reset']
const doors = doorsOf(stack).filter((door: Door) => told.includes(door.name))

it.each(doors)('Keycloak pushes it to the MCP server: $title', { timeout: 60_000 }, async (door) => {
  const before = await pushesTaken()
  const { refusal, streamEnd } = await openDoorOnce(stack, door, username)
  expect(refusal).toMatchObject({ status: 401, challengeError: 'invalid_token' })
  expect(streamEnd).toBe('{"reason":"revoked"}')
  await expect.poll(pushesTaken, { timeout: 20_000 }).toBeGreaterThan(before)
  await door.restore({ username })
})
