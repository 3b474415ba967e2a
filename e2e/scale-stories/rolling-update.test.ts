import {
  accessTokenOf,
  callWithToken,
  openCorporateDirectory,
  startSteadyCallers,
  tally,
} from '@mcp-identity/local-stack/demo'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { eventually, start, stop } from '../container-control.ts'

const goodCallers = ['anna', 'dave', 'erin', 'carol']
/** One after the other, as an update goes: the next one only when this one is ready again, and has had its part of the calls. */
const updated = ['mcp-server-1', 'mcp-server-2', 'mcp-server-3', 'keycloak-1', 'keycloak-2']
/** Half a minute: a new node compiles what it runs before it has all of it to do. The chart waits, too (`minReadySeconds`). */
const callsBetween = 2_400

describe.runIf(inject('containers'))('an update that replaces one container after the other, under load', () => {
  const stack = inject('stack')
  const directory = openCorporateDirectory(stack?.urls.corporateIdp ?? '', stack?.clients.directoryAdmin.secret ?? '')
  const callers = startSteadyCallers(stack?.urls.mcp ?? '')
  let good: readonly number[] = []
  let revoked: readonly number[] = []

  beforeAll(async () => {
    const tokens = await Promise.all(goodCallers.map(tokenOf))
    const bob = await tokenOf('bob')
    good = callers.call(tokens)
    await directory.disable('bob')
    while ((await callWithToken(stack.urls.mcp, bob)).status !== 401);
    revoked = callers.call([bob])
  })
  afterAll(async () => {
    await callers.stop()
    await directory.enable('bob')
  })

  it.each(updated)('%s is replaced: no good call fails, and no revoked one is allowed', async (service) => {
    const before = good.length
    await stop(service)
    await start(service)
    const ready = good.length
    expect(ready).toBeGreaterThan(before + 100)
    await eventually(async () => good.length > ready + callsBetween)
    expect(tally(good)).toEqual({ 200: good.length })
    expect(tally(revoked)).toEqual({ 401: revoked.length })
    console.log(`${good.length} good calls and ${revoked.length} revoked ones so far`)
  })

  const tokenOf = (username: string): Promise<string> => accessTokenOf(stack, username)
})
