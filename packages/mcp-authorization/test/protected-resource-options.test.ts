import { createProtectedResource, type ProtectedResourceOptions, protectTool } from '@mcp-identity/mcp-authorization'
import { describe, expect, it } from 'vitest'

const options: ProtectedResourceOptions = {
  resource: 'https://mcp.company.com/mcp',
  authorizationServers: ['https://login.company.com'],
  verifier: { verify: () => Promise.reject(new Error('not used')) },
  scopesSupported: ['read'],
}

describe('wrong settings', () => {
  it.each<[string, Partial<ProtectedResourceOptions>, string]>([
    ['a resource that is no URL', { resource: 'mcp' }, 'resource'],
    ['a resource with a fragment', { resource: 'https://mcp.company.com/mcp#a' }, 'resource'],
    ['a resource with an empty fragment', { resource: 'https://mcp.company.com/mcp#' }, 'resource'],
    ['a resource that clients would write in another way', { resource: 'https://MCP.company.com/mcp' }, 'resource'],
    ['a resource with its default port', { resource: 'https://mcp.company.com:443/mcp' }, 'resource'],
    ['a resource with user information', { resource: 'https://a:b@mcp.company.com/mcp' }, 'resource'],
    ['a resource of another kind', { resource: 'urn:mcp:company' }, 'resource'],
    ['an alias that is no URL', { resourceAliases: ['/mcp'] }, 'resource'],
    ['no authorization server', { authorizationServers: [] }, 'authorizationServers'],
    ['a scope with a space', { scopesSupported: ['read write'] }, 'scopesSupported'],
    ['a first scope with a quote', { initialScopes: ['"'] }, 'initialScopes'],
    ['a hierarchy with a quote', { scopeHierarchy: { read: ['"'] } }, 'scopeHierarchy'],
    ['a host with a path', { allowedHosts: ['mcp.company.com/mcp'] }, 'allowedHosts'],
    ['an origin with a path', { allowedOrigins: ['https://console.company.com/'] }, 'allowedOrigins'],
    ['every origin', { allowedOrigins: ['*'] }, 'allowedOrigins'],
    ['a body of no size', { maxBodyBytes: 0 }, 'maxBodyBytes'],
    ['half a request in a second', { rateLimits: { perAddress: { requests: 0.5, seconds: 1 } } }, 'perAddress'],
    ['a limit without a window', { rateLimits: { perCallerAndTool: { requests: 1, seconds: 0 } } }, 'perCallerAndTool'],
  ])('are refused when the object is made: %s', (_title, wrong, named) => {
    expect(() => createProtectedResource({ ...options, ...wrong })).toThrow(TypeError)
    expect(() => createProtectedResource({ ...options, ...wrong })).toThrow(named)
  })

  it('are refused on a tool as well', () => {
    const tool = { name: 'tool', scopes: [], handler: () => ({ content: [] }) }
    expect(() => protectTool({ ...tool, scopes: ['two scopes'] })).toThrow(TypeError)
    expect(() => protectTool({ ...tool, maxAuthenticationAgeSeconds: -1 })).toThrow(TypeError)
  })
})

describe('defaults', () => {
  const resource = createProtectedResource(options)
  const ask = (headers: string[]) =>
    resource
      .authenticate({ method: 'POST', target: '/mcp', rawHeaders: headers })
      .then((found) => 'reason' in found && found.reason)

  it('allow the host of the resource, with any spelling of its case, and no other', async () => {
    expect(await ask(['Host', 'MCP.company.com'])).toBe('no_credentials')
    expect(await ask(['Host', 'mcp.company.com:8443'])).toBe('no_credentials')
    expect(await ask(['Host', 'mcp.company.com.evil.example'])).toBe('host_not_allowed')
    expect(await ask(['Host', 'mcp.company.com@evil.example'])).toBe('host_not_allowed')
    expect(await ask([])).toBe('host_not_allowed')
  })

  it('allow no origin', async () => {
    expect(await ask(['Host', 'mcp.company.com', 'Origin', 'https://mcp.company.com'])).toBe('origin_not_allowed')
  })

  it('ask for every scope that is supported; an empty list of first scopes leaves them out', () => {
    expect(resource.challenge()).toBe(`Bearer scope="read", resource_metadata="${resource.metadataUrl}"`)
    const without = createProtectedResource({ ...options, initialScopes: [] })
    expect(without.challenge()).toBe(`Bearer resource_metadata="${without.metadataUrl}"`)
  })

  it('put the well-known path between host and path, and leave no slash for a resource without a path', () => {
    expect(resource.metadataUrl).toBe('https://mcp.company.com/.well-known/oauth-protected-resource/mcp')
    const root = createProtectedResource({ ...options, resource: 'https://mcp.company.com' })
    expect(root.metadataUrl).toBe('https://mcp.company.com/.well-known/oauth-protected-resource')
  })
})
