import {
  callWithToken,
  type McpSession,
  openCorporateDirectory,
  openPersonSession,
} from '@mcp-identity/local-stack/demo'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { eventually, kill, start } from '../container-control.ts'

const containers = inject('containers')

describe.runIf(containers)('a part is killed', () => {
  const stack = inject('stack')
  const directory = openCorporateDirectory(stack.urls.corporateIdp, stack.clients.directoryAdmin.secret)
  const sessions: McpSession[] = []

  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((session) => session.close()))
    await directory.enable('alice')
  })

  async function signedIn(username: string): Promise<string> {
    const { password = '' } = stack.accounts.find((account) => account.username === username) ?? {}
    const { clientId } = stack.clients.cli
    const session = openPersonSession({ resource: stack.urls.mcp, clientId, person: { username, password } })
    sessions.push(session)
    await session.callTool('whoami')
    return session.accessToken()
  }

  it('MCP server: who was disabled while it was down is refused by its first answer', async () => {
    const [alice, anna] = [await signedIn('alice'), await signedIn('anna')]
    await kill('mcp-server')
    await directory.disable('alice')
    await start('mcp-server')
    expect(await callWithToken(stack.urls.mcp, alice)).toMatchObject({ status: 401, challengeError: 'invalid_token' })
    expect(await callWithToken(stack.urls.mcp, anna)).toMatchObject({ status: 200 })
  })

  it('corporate IdP: what it had yet to tell when it was killed is told when it is back', async () => {
    const alice = await signedIn('alice')
    await kill('keycloak')
    await kill('mcp-server')
    await directory.disable('alice')
    await kill('corporate-idp')
    await start('keycloak')
    await start('corporate-idp')
    await start('mcp-server')
    await eventually(async () => (await callWithToken(stack.urls.mcp, alice)).status === 401)
    await eventually(async () => {
      const health = await fetch(`${stack.urls.corporateIdp}/healthz`)
      return ((await health.json()) as { pendingSignals: number }).pendingSignals === 0
    })
  })

  it('Keycloak: calls are refused with 503 once the server cannot know who is still allowed, and go on when it is back', async () => {
    const anna = await signedIn('anna')
    await kill('keycloak')
    expect(await callWithToken(stack.urls.mcp, anna)).toMatchObject({ status: 200 })
    await eventually(async () => (await callWithToken(stack.urls.mcp, anna)).status === 503)
    await start('keycloak')
    await eventually(async () => (await callWithToken(stack.urls.mcp, anna)).status === 200)
  })

  it('console: it is back with the same page', async () => {
    await kill('console')
    await start('console')
    expect((await fetch(stack.urls.console)).status).toBe(200)
  })
})
