import { setInterval } from 'node:timers/promises'
import { callWithToken, openCorporateDirectory } from '@mcp-identity/local-stack/demo'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { start, stop } from '../container-control.ts'
import { accessTokenOf } from '../door-round.ts'

/** Of each caller. */
const paceMs = 50
const callers = ['anna', 'dave', 'erin', 'carol']
/** One after the other, as an update goes: the next one only when this one is ready again. */
const updated = ['mcp-server-1', 'mcp-server-2', 'mcp-server-3', 'keycloak-1', 'keycloak-2']

describe.runIf(inject('containers'))('an update that replaces one container after the other, under load', () => {
  const stack = inject('stack')
  const directory = openCorporateDirectory(stack?.urls.corporateIdp ?? '', stack?.clients.directoryAdmin.secret ?? '')
  const stopping = new AbortController()
  const good: number[] = []
  const revoked: number[] = []
  let load: Promise<void>[] = []

  beforeAll(async () => {
    const tokens = await Promise.all(callers.map(tokenOf))
    const bob = await tokenOf('bob')
    load = tokens.map((token) => callOn(token, good))
    await directory.disable('bob')
    while ((await callWithToken(stack.urls.mcp, bob)).status !== 401);
    load.push(callOn(bob, revoked))
  })
  afterAll(async () => {
    stopping.abort()
    await Promise.all(load)
    await directory.enable('bob')
  })

  it.each(updated)('%s is replaced: no good call fails, and no revoked one is allowed', async (service) => {
    const before = good.length
    await stop(service)
    await start(service)
    expect(good.length).toBeGreaterThan(before + 100)
    expect(tally(good)).toEqual({ 200: good.length })
    expect(tally(revoked)).toEqual({ 401: revoked.length })
    console.log(`${good.length} good calls and ${revoked.length} revoked ones so far`)
  })

  const tokenOf = (username: string): Promise<string> => accessTokenOf(stack, username)

  /** Calls at a steady pace, as a person's agent does. 0 stands for no answer. */
  async function callOn(token: string, statuses: number[]): Promise<void> {
    for await (const _ of setInterval(paceMs)) {
      if (stopping.signal.aborted) return
      statuses.push(
        await callWithToken(stack.urls.mcp, token).then(
          ({ status }) => status,
          () => 0,
        ),
      )
    }
  }
})

function tally(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
