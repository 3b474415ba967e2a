import {
  accessTokenOf,
  callWithToken,
  openCorporateDirectory,
  startSteadyCallers,
  tally,
} from '@mcp-identity/local-stack/demo'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { eventually, start, stop } from '../container-control.ts'

const goodCallers = ['anna', 'dave', 'erin', 'carol']
/** One after the other, as an update goes: the next one only when this one is ready again, and has had its part of the calls. */
const updated = ['mcp-server-1', 'mcp-server-2', 'mcp-server-3', 'keycloak-1', 'keycloak-2']
/** Ten seconds, as the chart waits between two of them (`minReadySeconds`). */
const callsBetween = 800

describe.runIf(inject('containers'))('an update that replaces one container after the other, under load', () => {
  const stack = inject('stack')
  const directory = openCorporateDirectory(stack?.urls.corporateIdp ?? '', stack?.clients.directoryAdmin.secret ?? '')

  it.each(updated)('%s is replaced: no good call fails, and no revoked one is allowed', async (service) => {
    const callers = startSteadyCallers(stack.urls.mcp)
    onTestFinished(() => callers.stop())
    // New access tokens each time: one that is refused because it has expired would show nothing.
    const good = callers.call(await Promise.all(goodCallers.map(tokenOf)))
    const bob = await tokenOf('bob')
    onTestFinished(async () => {
      await directory.enable('bob')
    })
    await directory.disable('bob')
    while ((await callWithToken(stack.urls.mcp, bob)).status !== 401);
    const revoked = callers.call([bob])
    const before = good.length

    await stop(service)
    await start(service)
    const ready = good.length
    expect(ready).toBeGreaterThan(before + 100)
    await eventually(async () => good.length > ready + callsBetween)

    expect(tally(good)).toEqual({ 200: good.length })
    expect(tally(revoked)).toEqual({ 401: revoked.length })
    console.log(`${good.length} good calls and ${revoked.length} revoked ones`)
  })

  const tokenOf = (username: string): Promise<string> => accessTokenOf(stack, username)
})
