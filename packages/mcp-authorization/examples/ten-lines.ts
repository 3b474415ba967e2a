import { createServer } from 'node:http'
import { createMcpEndpoint, createProtectedResource, protectTool } from '@mcp-identity/mcp-authorization'
import { toNodeListener } from '@mcp-identity/mcp-authorization/node'
import { createAccessTokenVerifier, keycloak } from '@mcp-identity/token-verifier'

const resource = 'https://mcp.company.com/mcp'
const issuer = 'https://login.company.com/realms/company'
const verifier = createAccessTokenVerifier({ resource, issuers: [keycloak({ issuer, audience: resource })] })
const scopesSupported = ['read:notes']
const protectedResource = createProtectedResource({
  resource,
  authorizationServers: [issuer],
  verifier,
  scopesSupported,
})
const greet = protectTool({
  name: 'greet',
  scopes: ['read:notes'],
  handler: (_args, { token }) => ({ content: [{ type: 'text', text: `Hello ${token.caller.name}` }] }),
})
const endpoint = createMcpEndpoint({
  protectedResource,
  serverInfo: { name: 'notes', version: '1.0.0' },
  tools: [greet],
})
createServer(toNodeListener(endpoint)).listen(8481)
