import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
  type OAuthClientProvider,
  auth as signInModern,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client'
import { auth as signInLegacy } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { PersonProvider } from './person-provider.ts'

/** One connection of one official client, seen only through what all of them can do. */
export interface SdkConnection {
  connect(): Promise<unknown>
  listTools(): Promise<{ tools: { name: string }[] }>
  callTool(name: string, args: Record<string, unknown>): Promise<unknown>
  /** The protocol revision that the two sides agreed on. */
  revision(): string | undefined
  /** Redeems the code that the provider's browser came back with. */
  finishSignIn(): Promise<unknown>
  close(): Promise<void>
}

export interface SdkClient {
  name: string
  /** The revision that it is to end up with. */
  revision: string
  /**
   * Whether its host may keep a refresh token and still step up. A client that refreshes before it asks anybody gets no
   * wider scope that way (RFC 6749 section 6), so its host has to forget the refresh token first.
   */
  stepsUpWithRefreshToken: boolean
  open(url: string, provider: PersonProvider): SdkConnection
  /** Signs in before anything was refused, asking for the scopes that the host chose. */
  signIn(url: string, provider: PersonProvider, scope: string): Promise<void>
}

const identity = { name: 'e2e', version: '1.0.0' }
type LegacyProvider = Parameters<typeof signInLegacy>[0]

const sdkV1: SdkClient = {
  name: 'SDK v1',
  revision: '2025-11-25',
  stepsUpWithRefreshToken: false,
  open(url, provider) {
    const client = new LegacyClient(identity)
    const authProvider = provider as unknown as LegacyProvider
    const transport = new LegacyTransport(new URL(url), { authProvider })
    return {
      connect: () => client.connect(transport as Parameters<typeof client.connect>[0]),
      listTools: () => client.listTools(),
      callTool: (name, args) => client.callTool({ name, arguments: args }),
      revision: () => transport.protocolVersion,
      finishSignIn: () => transport.finishAuth(provider.takeCallback().get('code') ?? ''),
      close: () => client.close(),
    }
  },
  async signIn(url, provider, scope) {
    const authProvider = provider as unknown as LegacyProvider
    await signInLegacy(authProvider, { serverUrl: url, scope })
    const authorizationCode = provider.takeCallback().get('code') ?? ''
    await signInLegacy(authProvider, { serverUrl: url, scope, authorizationCode })
  },
}

function sdkV2(title: string, mode: VersionNegotiationMode, revision: string): SdkClient {
  return {
    name: `SDK v2, ${title}`,
    revision,
    stepsUpWithRefreshToken: true,
    open(url, provider) {
      const client = new ModernClient(identity, { versionNegotiation: { mode } })
      const authProvider = provider as unknown as OAuthClientProvider
      const transport = new ModernTransport(new URL(url), { authProvider })
      return {
        connect: () => client.connect(transport),
        listTools: () => client.listTools(),
        callTool: (name, args) => client.callTool({ name, arguments: args }),
        revision: () => client.getNegotiatedProtocolVersion(),
        finishSignIn: () => transport.finishAuth(provider.takeCallback()),
        close: () => client.close(),
      }
    },
    async signIn(url, provider, scope) {
      const authProvider = provider as unknown as OAuthClientProvider
      await signInModern(authProvider, { serverUrl: url, scope })
      const callback = provider.takeCallback()
      const [authorizationCode, iss] = [callback.get('code') ?? '', callback.get('iss')]
      await signInModern(authProvider, { serverUrl: url, scope, authorizationCode, ...(iss === null ? {} : { iss }) })
    },
  }
}

/** The official TypeScript clients, in every way of agreeing on a protocol revision. */
export const sdkClients: readonly SdkClient[] = [
  sdkV1,
  sdkV2('legacy', 'legacy', '2025-11-25'),
  sdkV2('auto', 'auto', '2026-07-28'),
  sdkV2('pinned to 2026-07-28', { pin: '2026-07-28' }, '2026-07-28'),
]

const mostSignIns = 2

/** Does something over a connection of its own, signing in as often as the server asks, at most twice. */
export async function withSignIn<T>(
  open: () => SdkConnection,
  act: (connection: SdkConnection) => Promise<T>,
): Promise<{ result: T; signIns: number; revision: string | undefined }> {
  for (let signIns = 0; signIns <= mostSignIns; signIns += 1) {
    const connection = open()
    try {
      await connection.connect()
      return { result: await act(connection), signIns, revision: connection.revision() }
    } catch (error) {
      if (!(error instanceof Error) || error.constructor.name !== 'UnauthorizedError') throw error
      await connection.finishSignIn()
    } finally {
      await connection.close()
    }
  }
  throw new Error(`the client was sent to sign in more than ${mostSignIns} times`)
}
