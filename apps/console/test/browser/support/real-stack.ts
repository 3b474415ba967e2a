import { readFileSync } from 'node:fs'
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
  /** Changes settings of the realm, as an administrator of Keycloak would. Undone by whoever asked for it. */
  changeRealm(settings: Record<string, unknown>): Promise<void>
  /** Ends Keycloak and leaves everything else running. Only of a stack that was started here. */
  stopKeycloak(): void
  stop(): Promise<void>
}

/** Starts a whole stack beside one that may run already, or uses the one that `STACK_FILE` describes. */
export async function startRealStack(): Promise<RealStack> {
  const { file, stop, stopKeycloak } = await (process.env.STACK_FILE === undefined
    ? startOwn()
    : useRunning(process.env.STACK_FILE))
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
    changeRealm: (settings) => changeRealm(file, settings),
    stopKeycloak,
    async stop() {
      for (const opened of sessions.values()) await opened.close()
      await stop()
    },
  }
}

async function changeRealm({ urls, clients }: StackFile, settings: Record<string, unknown>): Promise<void> {
  const { username, password } = clients.keycloakAdmin
  const form = new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username, password })
  const answer = await fetch(`${urls.keycloak}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: form,
  })
  const { access_token: token } = (await answer.json()) as { access_token: string }
  const changed = await fetch(urls.issuer.replace('/realms/', '/admin/realms/'), {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  })
  if (!changed.ok) throw new Error(`Keycloak answered ${changed.status} to a change of the realm`)
}

interface RunningStack {
  file: StackFile
  stopKeycloak(): void
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
    stopKeycloak() {
      const processes = JSON.parse(readFileSync(stack.folder.runRecord, 'utf8')) as { name: string; pid: number }[]
      for (const { name, pid } of processes) if (name === 'Keycloak') process.kill(pid, 'SIGTERM')
    },
    async stop() {
      await stack.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function useRunning(path: string): Promise<RunningStack> {
  return {
    file: JSON.parse(await readFile(path, 'utf8')),
    stopKeycloak() {
      throw new Error('this stack was started by somebody else')
    },
    stop: async () => {},
  }
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
