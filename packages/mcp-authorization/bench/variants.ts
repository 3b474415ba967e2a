import { createServer, type RequestListener } from 'node:http'
import {
  createMcpEndpoint,
  createProtectedResource,
  protectTool,
  type TokenVerifier,
} from '@mcp-identity/mcp-authorization'
import { toNodeListener } from '@mcp-identity/mcp-authorization/node'
import { createAccessTokenVerifier, keycloak } from '@mcp-identity/token-verifier'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { z } from 'zod'

/** What a server under measurement needs to know. */
export interface Setting {
  readonly resource: string
  readonly issuer: string
  readonly jwksUri: string
}

const inputSchema = z.object({ text: z.string() })
const echo = ({ text }: { text: string }) => ({ content: [{ type: 'text' as const, text }] })

/** The servers that are compared; each answers a `tools/call` of `echo`. */
export const variants: Readonly<Record<string, (setting: Setting) => RequestListener>> = {
  'bare node:http echo': () => (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { id, params } = JSON.parse(Buffer.concat(chunks).toString())
      const body = JSON.stringify({ result: echo(params.arguments), jsonrpc: '2.0', id })
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      response.end(body)
    })
  },
  'SDK v2, no authorization': () => {
    const handler = createSdkListener()
    return (request, response) => void handler(request, response)
  },
  'SDK v2, jose on each request': ({ resource, issuer, jwksUri }) => {
    const keySet = createRemoteJWKSet(new URL(jwksUri))
    const handler = createSdkListener()
    return async (request, response) => {
      await jwtVerify(String(request.headers.authorization).slice(7), keySet, { issuer, audience: resource })
      await handler(request, response)
    }
  },
  'this package': (setting) => createProtectedListener(setting, createVerifier(setting)),
}

/** The SDK as its documentation says. Its types do not know `exactOptionalPropertyTypes`. */
function createSdkListener(): RequestListener {
  return toNodeHandler(createMcpHandler(createSdkServer)) as unknown as RequestListener
}

function createSdkServer(): McpServer {
  const server = new McpServer({ name: 'echo', version: '1.0.0' })
  server.registerTool('echo', { inputSchema }, echo)
  return server
}

function createVerifier({ resource, issuer, jwksUri }: Setting): TokenVerifier {
  const issuers = [keycloak({ issuer, audience: resource, jwksUri, dangerouslyAllowInsecureHttp: true })]
  return createAccessTokenVerifier({ resource, issuers })
}

function createProtectedListener({ resource, issuer }: Setting, verifier: TokenVerifier): RequestListener {
  const scopesSupported = ['read:customers', 'write:customers']
  const protectedResource = createProtectedResource({
    resource,
    authorizationServers: [issuer],
    verifier,
    scopesSupported,
    scopeHierarchy: { 'write:customers': ['read:customers'] },
  })
  const tools = [protectTool({ name: 'echo', scopes: ['read:customers'], inputSchema, handler: (args) => echo(args) })]
  return toNodeListener(createMcpEndpoint({ protectedResource, serverInfo: { name: 'echo', version: '1.0.0' }, tools }))
}

/** Listens for one variant until its parent goes away; answers messages with the processor time used so far. */
function serve(variant: string, setting: Setting): void {
  const server = createServer(variants[variant]?.(setting))
  server.keepAliveTimeout = 60_000
  server.listen(Number(new URL(setting.resource).port), '127.0.0.1', () => process.send?.({ ready: true }))
  process.on('message', () => process.send?.({ cpu: process.cpuUsage() }))
  process.on('disconnect', () => process.exit())
}

if (process.argv[2] === 'serve') serve(String(process.argv[3]), JSON.parse(String(process.argv[4])))
