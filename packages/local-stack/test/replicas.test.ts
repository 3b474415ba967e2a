import { describe, expect, it } from 'vitest'
import type { NodePart } from '../src/parts.ts'
import { mostReplicas, portsFrom } from '../src/ports.ts'
import { replicateMcpServer } from '../src/replicas.ts'
import { stackFolderAt } from '../src/stack-folder.ts'

const context = { ports: portsFrom(9000), folder: stackFolderAt('/stack') }
const redisUrl = 'redis://127.0.0.1:6379'
const transmitter = { issuer: 'http://localhost:9002', stream: { clientId: 'mcp-server' } }
const part = (name: string, environment = {}): NodePart => ({
  name,
  title: name,
  folder: `apps/${name}`,
  environment,
  readiness: '',
  afterKeycloak: true,
})
const parts = [
  part('corporate-idp'),
  part('console'),
  part('mcp-server', {
    MCP_PORT: '9001',
    MCP_RESOURCE: 'r',
    MCP_SIGNALS: JSON.stringify({ transmitters: [transmitter] }),
  }),
]
const replicate = (count: number) => replicateMcpServer(parts, context, { count, redisUrl })

describe('replicas of the MCP server', () => {
  it('have ports and data of their own, and one resource', () => {
    const { replicas } = replicate(3)
    expect(replicas.map(({ port }) => port)).toEqual([9001, 9006, 9007])
    expect(replicas.map(({ part: { environment } }) => environment.MCP_DATA_DIR)).toEqual([
      '/stack/data/mcp-server',
      '/stack/data/mcp-server-2',
      '/stack/data/mcp-server-3',
    ])
    expect(new Set(replicas.map(({ part: { environment } }) => environment.MCP_RESOURCE))).toEqual(new Set(['r']))
  })

  it('never take a port of another part or of the next stack', () => {
    const taken = Object.values(context.ports)
    const ports = replicate(mostReplicas).replicas.map(({ port }) => port)
    expect(ports.slice(1).some((port) => taken.includes(port) || port > 9009)).toBe(false)
  })

  it('are joined, and only the first receives the stream', () => {
    const signals = replicate(2).replicas.map(({ part: { environment } }) => JSON.parse(environment.MCP_SIGNALS ?? ''))
    expect(signals).toEqual([
      { transmitters: [transmitter], redis: { url: redisUrl } },
      { transmitters: [{ issuer: transmitter.issuer }], redis: { url: redisUrl } },
    ])
  })

  it('sign evidence with one key, and share a store where there is one, each under its name', () => {
    const sharedStore = 'postgres://mcp@localhost/postgres'
    const { replicas } = replicateMcpServer(parts, context, { count: 2, redisUrl, sharedStore })
    const environments = replicas.map(({ part: { environment } }) => environment)
    for (const environment of environments)
      expect(environment).toMatchObject({
        MCP_EVIDENCE_KEY_FILE: '/stack/data/mcp-server/evidence-signing-key.pem',
        MCP_SHARED_STORE: JSON.stringify({ store: sharedStore }),
      })
    expect(environments.map(({ MCP_REPLICA = '' }) => JSON.parse(MCP_REPLICA))).toEqual([
      { name: 'mcp-server', address: 'http://localhost:9001' },
      { name: 'mcp-server-2', address: 'http://localhost:9006' },
    ])
    for (const { part: alone } of replicate(2).replicas) expect(alone.environment).not.toHaveProperty('MCP_REPLICA')
  })

  it('are known to the console, each under the address that it takes', () => {
    const { parts, replicas } = replicate(2)
    const console_ = parts.find(({ name }) => name === 'console')
    expect(console_?.environment).toEqual({ CONSOLE_MCP_REPLICAS: 'http://localhost:9001 http://localhost:9006' })
    expect(replicas.map(({ part: { environment } }) => environment.MCP_ALLOWED_HOSTS)).toEqual([
      'localhost:9001',
      'localhost:9006',
    ])
  })

  it('leave the other parts as they are', () => {
    const { parts } = replicate(2)
    expect(parts.map(({ name }) => name)).toEqual(['corporate-idp', 'console', 'mcp-server', 'mcp-server-2'])
  })

  it.each([0, mostReplicas + 1, 1.5])('are not %d', (count) => {
    expect(() => replicate(count)).toThrow(TypeError)
  })

  it('need a server to be replicas of', () => {
    expect(() => replicateMcpServer([], context, { count: 2, redisUrl })).toThrow('no MCP server')
  })
})
