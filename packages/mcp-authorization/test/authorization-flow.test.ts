import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
  type OAuthClientProvider,
} from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from './support/authorization-server.ts'
import { runningClock, type StartedServer, scopesSupported, startServer } from './support/start-server.ts'

const all = scopesSupported.join(' ')
let authorizationServer: AuthorizationServer
beforeEach(async () => {
  authorizationServer = await startAuthorizationServer(scopesSupported)
})
afterEach(() => authorizationServer.close())

/** Starts a server whose first challenge names these scopes; absent: the default. */
function start(initialScopes?: readonly string[]): Promise<StartedServer> {
  const resource = initialScopes === undefined ? {} : { initialScopes }
  return startServer({ clock: runningClock(), issuer: authorizationServer, resource })
}

/** A client that follows redirects by itself; registered beforehand, or registering itself. */
function createProvider(clientId: string | undefined) {
  const redirectUrl = 'http://127.0.0.1:9/callback'
  const saved = new Map<string, unknown>(
    clientId === undefined ? [] : [['client', { client_id: clientId, issuer: authorizationServer.issuer }]],
  )
  const save = (name: string) => (value: unknown) => void saved.set(name, value)
  const provider = {
    redirectUrl,
    clientMetadata: {
      client_name: 'test',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
    callback: new URLSearchParams(),
    clientInformation: () => saved.get('client'),
    saveClientInformation: save('client'),
    tokens: () => saved.get('tokens'),
    saveTokens: save('tokens'),
    codeVerifier: () => saved.get('verifier'),
    saveCodeVerifier: save('verifier'),
    discoveryState: () => saved.get('discovery'),
    saveDiscoveryState: save('discovery'),
    async redirectToAuthorization(url: URL) {
      const { headers } = await fetch(url, { redirect: 'manual' })
      provider.callback = new URL(headers.get('location') ?? '').searchParams
    },
  }
  return provider
}

type Provider = ReturnType<typeof createProvider>

/** One client of either SDK line, seen only through what both can do. */
interface Session {
  connect(): Promise<unknown>
  call(name: string): Promise<unknown>
  finish(): Promise<void>
}

const sdkLines: readonly { name: string; open: (url: string, provider: Provider) => Session }[] = [
  {
    name: 'SDK v1',
    open(url, provider) {
      const client = new LegacyClient({ name: 'test', version: '1.0.0' })
      const authProvider = provider as unknown as NonNullable<
        ConstructorParameters<typeof LegacyTransport>[1]
      >['authProvider']
      const transport = new LegacyTransport(new URL(url), { ...(authProvider && { authProvider }) })
      return {
        connect: () => client.connect(transport as Parameters<typeof client.connect>[0]),
        call: (name) => client.callTool({ name, arguments: { id: '7' } }),
        finish: () => transport.finishAuth(provider.callback.get('code') ?? ''),
      }
    },
  },
  {
    name: 'SDK v2',
    open(url, provider) {
      const client = new ModernClient({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
      const authProvider = provider as unknown as OAuthClientProvider
      const transport = new ModernTransport(new URL(url), { authProvider })
      return {
        connect: () => client.connect(transport),
        call: (name) => client.callTool({ name, arguments: { id: '7' } }),
        finish: () => transport.finishAuth(provider.callback),
      }
    },
  },
]

/** Does something in a session of its own, signing in as often as the server asks, at most three times. */
async function withSignIn(
  open: () => Session,
  act: (session: Session) => Promise<unknown>,
): Promise<{ result: unknown; signIns: number }> {
  for (let signIns = 0; signIns <= 3; signIns += 1) {
    const session = open()
    try {
      await session.connect()
      return { result: await act(session), signIns }
    } catch (error) {
      if ((error as Error).constructor.name !== 'UnauthorizedError') throw error
      await session.finish()
    }
  }
  throw new Error('the client goes round in circles')
}

describe.each(sdkLines)('a client of $name', ({ open }) => {
  it('that registers itself is not confined by the first challenge', async () => {
    const server = await start()
    const provider = createProvider(undefined)
    const session = () => open(server.url, provider)
    expect((await withSignIn(session, (each) => each.call('get_customer'))).signIns).toBe(1)
    expect(await withSignIn(session, (each) => each.call('delete_customer'))).toMatchObject({
      result: { content: [{ text: 'deleted 7' }] },
      signIns: 0,
    })
    expect(authorizationServer.asked).toEqual([all])
    await server.close()
  })

  it('that registers itself after a narrow first challenge can never step up', async () => {
    const server = await start(['read:customers'])
    const provider = createProvider(undefined)
    const session = () => open(server.url, provider)
    expect((await withSignIn(session, (each) => each.call('get_customer'))).signIns).toBe(1)
    await expect(withSignIn(session, (each) => each.call('delete_customer'))).rejects.toThrow()
    expect(provider.callback.get('error')).toBe('invalid_scope')
    await server.close()
  })

  it('that was registered beforehand steps up from a narrow first challenge, once, and keeps what it had', async () => {
    const server = await start(['read:customers'])
    const provider = createProvider('pre-registered')
    const session = () => open(server.url, provider)
    expect((await withSignIn(session, (each) => each.call('get_customer'))).signIns).toBe(1)
    expect((await withSignIn(session, (each) => each.call('run_report'))).signIns).toBe(1)
    expect((await withSignIn(session, (each) => each.call('get_customer'))).signIns).toBe(0)
    expect(authorizationServer.asked).toEqual(['read:customers', 'read:customers admin:reports'])
    await server.close()
  })

  it('takes the published scopes when the first challenge names none', async () => {
    const server = await start([])
    const provider = createProvider(undefined)
    const { signIns } = await withSignIn(
      () => open(server.url, provider),
      (each) => each.call('delete_customer'),
    )
    expect([signIns, authorizationServer.asked]).toEqual([1, [all]])
    await server.close()
  })
})
