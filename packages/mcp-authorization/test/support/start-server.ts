import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createMcpEndpoint,
  createProtectedResource,
  type McpEndpoint,
  type McpEndpointOptions,
  type ProtectedResource,
  type ProtectedResourceOptions,
  protectTool,
} from '@mcp-identity/mcp-authorization'
import { toNodeListener } from '@mcp-identity/mcp-authorization/node'
import { type KeySetServer, type MintOptions, mintAccessToken, serveKeySet } from '@mcp-identity/test-kit'
import { createAccessTokenVerifier, keycloak } from '@mcp-identity/token-verifier'
import { z } from 'zod'

/** A protected MCP server on loopback, with the authorization server's key set beside it. */
export interface StartedServer {
  readonly url: string
  readonly origin: string
  readonly endpoint: McpEndpoint
  readonly protectedResource: ProtectedResource
  readonly keySet: KeySetServer
  /** A token that this server accepts, unless told otherwise. */
  mint(options?: Partial<MintOptions>): string
  close(): Promise<void>
}

/** What differs from the default server. */
export interface StartOptions {
  readonly resource?: Partial<ProtectedResourceOptions>
  readonly endpoint?: Partial<McpEndpointOptions>
  readonly verifier?: Partial<Parameters<typeof createAccessTokenVerifier>[0]>
  /** Takes the place of the node:http listener. */
  readonly listen?: (endpoint: McpEndpoint) => Promise<Server> | Server
}

export const scopesSupported = ['read:customers', 'write:own-data', 'write:customers', 'admin:reports']

/** Tools of the examples: open to all, for readers, for writers, and one that takes its time. */
export const tools = [
  protectTool({
    name: 'whoami',
    scopes: [],
    handler: (_args, { token }) => ({ content: [{ type: 'text', text: String(token.caller.email) }] }),
  }),
  protectTool({
    name: 'get_customer',
    scopes: ['read:customers'],
    inputSchema: z.object({ id: z.string() }),
    handler: ({ id }) => ({ content: [{ type: 'text', text: `customer ${id}` }] }),
  }),
  protectTool({
    name: 'delete_customer',
    scopes: ['write:customers'],
    inputSchema: z.object({ id: z.string() }),
    handler: ({ id }) => ({ content: [{ type: 'text', text: `deleted ${id}` }] }),
  }),
  protectTool({
    name: 'run_report',
    scopes: ['read:customers', 'admin:reports'],
    handler: () => ({ content: [{ type: 'text', text: 'report' }] }),
  }),
]

/** Starts a server with everything real but the clock of the authorization server. */
export async function startServer(options: StartOptions = {}): Promise<StartedServer> {
  const keySet = await serveKeySet({ issuerPath: '/realms/company' })
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  const url = `${origin}/mcp`
  const verifier = createAccessTokenVerifier({
    resource: url,
    issuers: [
      keycloak({
        issuer: keySet.issuer,
        audience: url,
        jwksUri: keySet.jwksUri,
        dangerouslyAllowInsecureHttp: true,
      }),
    ],
    ...options.verifier,
  })
  const protectedResource = createProtectedResource({
    resource: url,
    authorizationServers: [keySet.issuer],
    verifier,
    scopesSupported,
    scopeHierarchy: { 'write:customers': ['write:own-data', 'read:customers'] },
    ...options.resource,
  })
  const endpoint = createMcpEndpoint({
    protectedResource,
    serverInfo: { name: 'customers', version: '1.0.0' },
    tools,
    ...options.endpoint,
  })
  server.on('request', toNodeListener(endpoint))
  return {
    url,
    origin,
    endpoint,
    protectedResource,
    keySet,
    mint: (mint = {}) =>
      mintAccessToken({
        provider: 'keycloak',
        issuer: keySet.issuer,
        audience: url,
        now: Math.floor(Date.now() / 1000),
        ...mint,
      }),
    async close() {
      await endpoint.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      verifier.close()
      await keySet.close()
    },
  }
}
