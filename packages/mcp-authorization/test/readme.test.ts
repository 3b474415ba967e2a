import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { undocumentedOptions } from '@mcp-identity/packed-package'
import { mintAccessToken, serveKeySet } from '@mcp-identity/test-kit'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { describe, expect, it } from 'vitest'

const packageFile = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

it('the README names every option', () => {
  expect(undocumentedOptions(packageFile('.'), ['adapters/node.ts'])).toEqual([])
})

describe('the ten lines of the README', () => {
  it('are the example, and the example has ten statements at most beside its imports', async () => {
    const example = await readFile(packageFile('examples/ten-lines.ts'), 'utf8')
    expect(await readFile(packageFile('README.md'), 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\``)
    const statements = example.split('\n').filter((line) => /^(const|createServer)/.test(line))
    expect(statements.length).toBeLessThanOrEqual(10)
  })

  it('make an MCP server that asks for a token and serves who has one', async () => {
    const keySet = await serveKeySet({ issuerPath: '/realms/company' })
    const port = await freePort()
    const resource = `http://127.0.0.1:${port}/mcp`
    const file = packageFile('examples/ten-lines.running.ts')
    const example = await readFile(packageFile('examples/ten-lines.ts'), 'utf8')
    // The addresses of the reader's company become addresses on loopback, without TLS.
    const running = example
      .replace('https://mcp.company.com/mcp', resource)
      .replace('https://login.company.com/realms/company', keySet.issuer)
      .replace(
        'audience: resource',
        `audience: resource, jwksUri: '${keySet.jwksUri}', dangerouslyAllowInsecureHttp: true`,
      )
      .replace(
        'createServer(toNodeListener(endpoint)).listen(8481)',
        `export const server = createServer(toNodeListener(endpoint)).listen(${port})`,
      )
    await writeFile(file, running)
    const { server } = await import(file).finally(() => rm(file))
    expect((await fetch(resource, { method: 'POST' })).headers.get('www-authenticate')).toContain('resource_metadata')
    const claims = { scope: 'read:notes' }
    const now = Math.floor(Date.now() / 1000)
    const token = mintAccessToken({ provider: 'keycloak', issuer: keySet.issuer, audience: resource, now, claims })
    const client = new Client({ name: 'reader', version: '1.0.0' })
    const requestInit = { headers: { authorization: `Bearer ${token}` } }
    await client.connect(new StreamableHTTPClientTransport(new URL(resource), { requestInit }))
    expect(await client.callTool({ name: 'greet' })).toMatchObject({ content: [{ text: 'Hello Alice Adams' }] })
    await client.close()
    server.closeAllConnections()
    server.close()
    await keySet.close()
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
