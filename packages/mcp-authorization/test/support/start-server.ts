import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createMcpEndpoint,
  createProtectedResource,
  type McpEndpoint,
  type McpEndpointOptions,
  type ProtectedResource,
  type ProtectedResourceOptions,
  type Refusal,
} from '@mcp-identity/mcp-authorization'
import { toNodeListener } from '@mcp-identity/mcp-authorization/node'
import {
  createFrozenClock,
  type FrozenClock,
  type KeySetServer,
  type MintOptions,
  mintAccessToken,
  serveKeySet,
} from '@mcp-identity/test-kit'
import { type AccessTokenVerifierSettings, createAccessTokenVerifier, keycloak } from '@mcp-identity/token-verifier'
import { customerTools } from './customer-tools.ts'

/** A protected MCP server on loopback, with the authorization server's key set beside it. */
export interface StartedServer {
  /** The resource, which is where the MCP endpoint is. */
  readonly url: string
  readonly origin: string
  readonly metadataUrl: string
  readonly endpoint: McpEndpoint
  readonly protectedResource: ProtectedResource
  readonly keySet: KeySetServer
  readonly clock: FrozenClock
  /** Every refusal, in order. */
  readonly refusals: Refusal[]
  /** Every error that no caller may see. */
  readonly errors: unknown[]
  /** An access token that this server accepts, unless told otherwise. */
  mint(options?: Partial<MintOptions>): string
  close(): Promise<void>
}

/** What differs from the default server. */
export interface StartOptions {
  readonly resource?: Partial<ProtectedResourceOptions>
  readonly endpoint?: Partial<McpEndpointOptions>
  readonly verifier?: Partial<AccessTokenVerifierSettings>
  /** Default: a clock that stands still. */
  readonly clock?: FrozenClock
  /** Default: the issuer of the key set that is started beside the server. */
  readonly issuer?: { readonly issuer: string; readonly jwksUri: string }
  /** Puts the endpoint behind a server; default: as a listener of node:http. */
  readonly mount?: (endpoint: McpEndpoint, server: Server) => void | Promise<void>
}

export const scopesSupported = ['read:customers', 'write:own-data', 'write:customers', 'admin:reports', 'read:finance']

/** Starts a server where everything is real but the time. */
export async function startServer(options: StartOptions = {}): Promise<StartedServer> {
  const clock = options.clock ?? createFrozenClock()
  const keySet = await serveKeySet({ issuerPath: '/realms/company' })
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `${origin}/mcp`
  const { issuer, jwksUri } = options.issuer ?? keySet
  const verifier = createAccessTokenVerifier({
    resource: url,
    issuers: [keycloak({ issuer, audience: url, jwksUri, dangerouslyAllowInsecureHttp: true })],
    clock,
    ...options.verifier,
  })
  const refusals: Refusal[] = []
  const errors: unknown[] = []
  const onError = (error: unknown): void => void errors.push(error)
  const protectedResource = createProtectedResource({
    resource: url,
    authorizationServers: [issuer],
    verifier,
    scopesSupported,
    scopeHierarchy: { 'write:customers': ['write:own-data', 'read:customers'] },
    clock,
    onRefused: (refusal) => refusals.push(refusal),
    onError,
    ...options.resource,
  })
  const serverInfo = { name: 'customers', version: '1.0.0' }
  const endpoint = createMcpEndpoint({
    protectedResource,
    serverInfo,
    tools: customerTools,
    onError,
    ...options.endpoint,
  })
  await (options.mount ?? mountOnNode)(endpoint, server)
  return {
    url,
    origin,
    metadataUrl: `${origin}/.well-known/oauth-protected-resource/mcp`,
    endpoint,
    protectedResource,
    keySet,
    clock,
    refusals,
    errors,
    mint: (mint = {}) => mintAccessToken({ provider: 'keycloak', issuer, audience: url, now: clock(), ...mint }),
    async close() {
      await endpoint.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await verifier.close()
      await keySet.close()
    },
  }
}

/** A clock that runs, for what waits on timers or on clients that look at the time. */
export function runningClock(): FrozenClock {
  const frozen = createFrozenClock()
  return Object.assign(() => Date.now() / 1000, { advance: frozen.advance, set: frozen.set })
}

function mountOnNode(endpoint: McpEndpoint, server: Server): void {
  server.on('request', toNodeListener(endpoint))
}
