import { accessTokenOf, callWithToken, openCorporateDirectory } from '@mcp-identity/local-stack/demo'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { eventually, kill, start } from '../container-control.ts'

describe.runIf(inject('containers'))('one of what there is only one of is killed', () => {
  const stack = inject('stack')
  const directory = openCorporateDirectory(stack?.urls.corporateIdp ?? '', stack?.clients.directoryAdmin.secret ?? '')
  afterEach(() => directory.enable('alice'))

  it('Redis: calls are refused with 503 once replicas cannot know what others were told, and who was disabled meanwhile is refused when it is back', async () => {
    const [alice, anna] = [await tokenOf('alice'), await tokenOf('anna')]
    await kill('redis')
    await eventually(async () => (await callWithToken(stack.urls.mcp, anna)).status === 503)
    await directory.disable('alice')
    await start('redis')
    await eventually(async () => (await callWithToken(stack.urls.mcp, anna)).status === 200)
    for (const replica of stack.urls.replicas ?? [])
      await eventually(async () => [401, 503].includes((await callWithToken(replica, alice)).status))
    await eventually(async () => (await callWithToken(stack.urls.mcp, alice)).status === 401)
  })

  it('PostgreSQL: calls are refused with 503 within the bound, since Keycloak cannot tell who is still allowed, and go on when it is back', async () => {
    const anna = await tokenOf('anna')
    await kill('postgres')
    await eventually(async () => (await callWithToken(stack.urls.mcp, anna)).status === 503)
    await start('postgres')
    await eventually(async () => (await callWithToken(stack.urls.mcp, anna)).status === 200)
    expect(await tokenOf('dave')).toMatch(/^eyJ/)
  })

  it('the proxy: nothing is reachable, and everything is when it is back', async () => {
    const anna = await tokenOf('anna')
    await kill('proxy')
    await expect(callWithToken(stack.urls.mcp, anna)).rejects.toThrow()
    await start('proxy')
    await eventually(async () => (await callWithToken(stack.urls.mcp, anna)).status === 200)
  })

  const tokenOf = (username: string): Promise<string> => accessTokenOf(stack, username)
})
