import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSettings, type StackFile, startStack } from '@mcp-identity/local-stack'
import { type McpSession, openPersonSession, openServiceSession } from '@mcp-identity/local-stack/demo'
import type { Page } from 'playwright-core'

export interface RealStack {
  file: StackFile
  /** An MCP client that signs in as this person when it has to. */
  session(username: string): McpSession
  /** A few calls of everybody, as on a working day. */
  workADay(): Promise<void>
  stop(): Promise<void>
}

/** Starts a whole stack beside one that may run already, or uses the one that `STACK_FILE` describes. */
export async function startRealStack(): Promise<RealStack> {
  const { file, stop } = await (process.env.STACK_FILE === undefined ? startOwn() : useRunning(process.env.STACK_FILE))
  const sessions = new Map<string, McpSession>()

  function session(username: string): McpSession {
    const known = sessions.get(username)
    if (known !== undefined) return known
    const person = accountOf(file, username)
    const opened = openPersonSession({ resource: file.urls.mcp, clientId: file.clients.cli.clientId, person })
    sessions.set(username, opened)
    return opened
  }

  return {
    file,
    session,
    async workADay() {
      const privateKey = JSON.parse(await readFile(file.clients.service.privateKeyFile, 'utf8'))
      const service = openServiceSession({
        resource: file.urls.mcp,
        clientId: file.clients.service.clientId,
        privateKey,
        issuer: file.urls.issuer,
        scope: 'read:customers admin:reports',
      })
      await service.callTool('run_report', { report: 'customers-by-team' }).catch(() => {})
      await service.close()
      for (const [username, tool, args] of calls)
        await session(username)
          .callTool(tool, args)
          .catch(() => {})
    },
    async stop() {
      for (const opened of sessions.values()) await opened.close()
      await stop()
    },
  }
}

interface RunningStack {
  file: StackFile
  stop(): Promise<void>
}

async function startOwn(): Promise<RunningStack> {
  const directory = await mkdtemp(join(tmpdir(), 'console-stack-'))
  const stack = await startStack({
    settings: readSettings({ ...process.env, PORT_BASE: process.env.PORT_BASE ?? '8680' }),
    directory,
    tell: (event) => {
      if (event.kind === 'finished' || event.kind === 'failed') console.log(`${event.part}: ${event.kind}`)
    },
  })
  return {
    file: stack.file,
    async stop() {
      await stack.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function useRunning(path: string): Promise<RunningStack> {
  return { file: JSON.parse(await readFile(path, 'utf8')), stop: async () => {} }
}

const calls: readonly [username: string, tool: string, args: Record<string, unknown>][] = [
  ['anna', 'list_customers', { limit: 5 }],
  ['anna', 'get_customer', { id: 'cust_101' }],
  ['bob', 'list_customers', { limit: 5 }],
  ['bob', 'update_customer', { id: 'cust_789', changes: { phone: '+1 555 0100' } }],
  ['dave', 'run_report', { report: 'customers-by-team' }],
  ['dave', 'list_invoices', {}],
  ['carol', 'get_customer', { id: 'cust_204' }],
  ['erin', 'whoami', {}],
  ['anna', 'delete_customer', { id: 'cust_789' }],
  ['alice', 'get_customer', { id: 'cust_789' }],
  ['alice', 'whoami', {}],
  ['alice', 'delete_customer', { id: 'cust_789' }],
]

/** Goes through the corporate sign-in page. */
export async function signInAtCompany(page: Page, file: StackFile, username: string): Promise<void> {
  await page.getByRole('button', { name: /^Sign in/ }).click()
  await page.getByLabel('User name').fill(username)
  await page.getByLabel('Password', { exact: true }).fill(accountOf(file, username).password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.locator('#main h1').waitFor()
}

function accountOf(file: StackFile, username: string): { username: string; password: string } {
  const account = file.accounts.find((each) => each.username === username)
  if (account === undefined) throw new TypeError(`Nobody is called ${username}`)
  return account
}
