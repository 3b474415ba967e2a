import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { describe, expect, inject, it } from 'vitest'
import { createBrowser, tokensOf } from '../interactive-client.ts'
import { driveClient } from '../real-clients/drive-client.ts'
import { prepareClient } from '../real-clients/prepare-client.ts'
import { runCommand } from '../real-clients/run-command.ts'

const stack = inject('stack')
const everyScope = 'read:customers write:own-data write:customers admin:reports read:finance'
const steppedUp = 'read:customers admin:reports'
const toolsOfDave = ['export_audit', 'get_customer', 'list_customers', 'run_report', 'whoami']
const report = { report: 'customers-by-team' }
/** The first use of a client builds or installs it. */
const timeout = 300_000

/** Dave may read customers and run reports. */
function dave() {
  const account = stack.accounts.find(({ username }) => username === 'dave')
  if (account === undefined) throw new Error('the stack names no account dave')
  return account
}

async function tokenOfDave(scope: string): Promise<string> {
  const redirectUri = 'http://127.0.0.1:53011/callback'
  const { tokens } = await tokensOf(stack, 'dave', { clientId: stack.clients.cli.clientId, redirectUri, scope })
  return tokens.access_token
}

describe('FastMCP in Python', { timeout }, () => {
  const driverIn = (folder: string, calls: unknown): [string, ...string[]] => [
    join(folder, 'venv/bin/python'),
    ...[join(folder, 'driver.py'), stack.urls.mcp, stack.clients.cli.clientId, JSON.stringify(calls)],
  ]

  it('signs in when it is challenged, lists, calls, and is told that a tool is unknown', async (context) => {
    const folder = await prepareClient(context, 'python-fastmcp')
    const command = driverIn(folder, [
      ['whoami', {}],
      ['run_report', report],
      ['no_such_tool', {}],
    ])
    expect(await driveClient(command, {}, dave())).toMatchObject({
      tools: toolsOfDave,
      answers: [
        { event: 'called', text: expect.stringContaining('dave@company.com') },
        { event: 'called', tool: 'run_report' },
        { event: 'refused', text: expect.stringContaining('no_such_tool') },
      ],
      asked: [everyScope],
    })
  })

  it('that began with little steps up within the call, and keeps what it had', async (context) => {
    const folder = await prepareClient(context, 'python-fastmcp')
    const command = driverIn(folder, [
      ['run_report', report],
      ['list_customers', {}],
    ])
    const driven = await driveClient(command, { START_TOKEN: await tokenOfDave('openid read:customers') }, dave())
    expect(driven).toMatchObject({ answers: [{ event: 'called' }, { event: 'called' }], asked: [steppedUp] })
  })
})

describe('the Go SDK with an access token', { timeout }, () => {
  it('lists and calls, is told that a tool is unknown, and that another needs more', async (context) => {
    const folder = await prepareClient(context, 'go-sdk')
    const calls = [
      ['whoami', {}],
      ['no_such_tool', {}],
      ['run_report', report],
    ]
    const command: [string, ...string[]] = [join(folder, 'go-sdk'), stack.urls.mcp, JSON.stringify(calls)]
    const env = { ACCESS_TOKEN: await tokenOfDave('openid read:customers') }
    expect(await driveClient(command, env, dave())).toMatchObject({
      tools: toolsOfDave,
      answers: [
        { event: 'called', text: expect.stringContaining('dave@company.com') },
        { event: 'refused', text: expect.stringContaining('no_such_tool') },
        { event: 'refused', text: expect.stringContaining('Forbidden') },
      ],
    })
  })

  it('is refused with a token that is none', async (context) => {
    const folder = await prepareClient(context, 'go-sdk')
    const command: [string, ...string[]] = [join(folder, 'go-sdk'), stack.urls.mcp, '[]']
    expect(await driveClient(command, { ACCESS_TOKEN: 'none' }, dave())).toMatchObject({
      answers: [{ event: 'refused', text: expect.stringContaining('Unauthorized') }],
    })
  })
})

describe.each(['legacy', 'auto', 'modern'])('the Inspector on the command line, era %s', { timeout }, (era) => {
  it('lists and calls with an access token, and is told which scopes another tool needs', async (context) => {
    const folder = await prepareClient(context, 'inspector-cli')
    const token = await tokenOfDave('openid read:customers')
    const inspector = join(folder, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js')
    async function inspect(...method: string[]) {
      const options = ['--cli', stack.urls.mcp, '--header', `Authorization: Bearer ${token}`]
      const env = { ...process.env, HOME: folder }
      const args = [inspector, ...options, '--protocol-era', era, '--format', 'json', '--method', ...method]
      const { exitCode, output, errors } = await runCommand(process.execPath, args, { env })
      return { exitCode, said: `${output}\n${errors}` }
    }

    const listed = await inspect('tools/list')
    expect(listed.exitCode, listed.said).toBe(0)
    for (const tool of toolsOfDave) expect(listed.said).toContain(`"name":"${tool}"`)
    const called = await inspect('tools/call', '--tool-name', 'whoami')
    expect(called.exitCode, called.said).toBe(0)
    expect(called.said).toContain('dave@company.com')
    const refused = await inspect('tools/call', '--tool-name', 'run_report', '--tool-arg', `report=${report.report}`)
    expect(refused.exitCode).not.toBe(0)
    expect(refused.said).toContain(steppedUp)
  })
})

describe('mcp-remote', { timeout }, () => {
  it('signs in when it is challenged, and a client behind it lists, calls, and hears that a tool is unknown', async (context) => {
    const folder = await prepareClient(context, 'mcp-remote')
    const config = await mkdtemp(join(tmpdir(), 'mcp-remote-'))
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [
        ...[join(folder, 'node_modules/mcp-remote/dist/proxy.js'), stack.urls.mcp, '--allow-http'],
        ...['--host', '127.0.0.1', '--callback-path', '/callback'],
        ...['--static-oauth-client-info', JSON.stringify({ client_id: stack.clients.cli.clientId })],
      ],
      // Nothing by which it could open a browser on the screen of whoever runs the stories.
      env: { HOME: config, PATH: '', MCP_REMOTE_CONFIG_DIR: config, BROWSER: '/bin/true' },
      stderr: 'pipe',
    })
    const signedIn = signInAtPrintedAddress(transport)
    const client = new Client({ name: 'e2e', version: '1.0.0' })
    await Promise.all([client.connect(transport, { timeout: 60_000 }), signedIn])
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name).sort()).toEqual(toolsOfDave)
    expect(await client.callTool({ name: 'whoami', arguments: {} })).toMatchObject({
      structuredContent: { email: 'dave@company.com' },
    })
    expect(await client.callTool({ name: 'run_report', arguments: report })).toMatchObject({
      structuredContent: expect.any(Object),
    })
    await expect(client.callTool({ name: 'no_such_tool', arguments: {} })).rejects.toThrow('no_such_tool')
    expect(await signedIn).toBe(everyScope)
    await client.close()
    await rm(config, { recursive: true, force: true })
  })
})

/** Waits for the address that the client prints, signs in there, and calls back. Returns the scopes asked for. */
function signInAtPrintedAddress(transport: StdioClientTransport): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = ''
    transport.stderr?.on('data', (chunk: Buffer) => {
      const before = printed
      printed += chunk.toString()
      const address = /visiting:\n(\S+)\n/
      const found = address.exec(printed)?.[1]
      if (found !== undefined && !address.test(before)) signInAt(new URL(found)).then(resolve, reject)
    })
  })
}

async function signInAt(url: URL): Promise<string> {
  const page = await createBrowser().open(url.href, url.searchParams.get('redirect_uri') ?? '', dave())
  if (page.arrivedAt === undefined) throw new Error(`the sign-in stopped with ${page.status}: ${page.text}`)
  await fetch(page.arrivedAt)
  return url.searchParams.get('scope') ?? ''
}
