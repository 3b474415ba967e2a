import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '@modelcontextprotocol/node'
import {
  createMcpHandler,
  getOAuthProtectedResourceMetadataUrl,
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  McpServer,
  OAuthError,
  OAuthErrorCode,
  oauthMetadataResponse,
  originValidationResponse,
  requireBearerAuth,
  requireScopes,
} from '@modelcontextprotocol/server'
import { createRemoteJWKSet, jwtVerify } from 'jose'

/**
 * An MCP server with what the official SDK offers for authorization, put together as its documentation says, and jose
 * with issuer, audience and algorithm for the tokens.
 */
export async function startStockServer(issuer: string, jwksUri: string): Promise<{ url: string; server: Server }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `${origin}/mcp`
  const keySet = createRemoteJWKSet(new URL(jwksUri))
  const verifyAccessToken = async (token: string) => {
    try {
      const { payload } = await jwtVerify(token, keySet, { issuer, audience: url, algorithms: ['RS256', 'ES256'] })
      const scopes = String(payload.scope ?? '').split(' ')
      return { token, clientId: String(payload.azp), scopes, expiresAt: Number(payload.exp), resource: new URL(url) }
    } catch {
      throw new OAuthError(OAuthErrorCode.InvalidToken, 'The access token is not acceptable')
    }
  }
  const resourceMetadataUrl = getOAuthProtectedResourceMetadataUrl(new URL(url))
  const gate = requireBearerAuth({
    verifier: { verifyAccessToken },
    resourceMetadataUrl,
    expectedResource: new URL(url),
  })
  const handler = createMcpHandler(() => {
    const mcp = new McpServer({ name: 'stock', version: '1.0.0' })
    const scopeChallenge = requireScopes('read:customers', 'admin:reports')
    mcp.registerTool('run_report', { scopeChallenge }, () => ({ content: [{ type: 'text', text: 'report' }] }))
    return mcp
  })
  const oauthMetadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    response_types_supported: ['code'],
  }
  const scopesSupported = ['read:customers', 'admin:reports']
  const answer = async (request: Request): Promise<Response> => {
    const refused =
      hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
      oauthMetadataResponse(request, { oauthMetadata, resourceServerUrl: new URL(url), scopesSupported }) ??
      originValidationResponse(request, localhostAllowedOrigins())
    if (refused !== undefined) return refused
    if (new URL(request.url).pathname !== '/mcp') return new Response(null, { status: 404 })
    const authInfo = await gate(request)
    return authInfo instanceof Response ? authInfo : handler.fetch(request, { authInfo })
  }
  server.on('request', toNodeHandler({ fetch: answer }) as unknown as Parameters<Server['on']>[1])
  return { url, server }
}
