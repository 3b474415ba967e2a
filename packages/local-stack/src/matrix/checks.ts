import { type CheckName, type Provider, providerAddresses } from '@mcp-identity/provider-dialects'
import { decodeProtectedHeader } from 'jose'
import type { HeadlessBrowser } from '../demo/browser.ts'
import { groupsCome, type LeaverProcess } from '../demo/leaver-process.ts'
import { type McpSession, openPersonSession, SignInRefusedError, type ToolAnswer } from '../demo/mcp-session.ts'
import { callWithToken, timeToRefusal } from '../demo/stopwatch.ts'
import { refusalBoundMs } from '../demo/story.ts'
import { type MatrixPerson, matrixPeople } from './people.ts'
import type { Row } from './row.ts'
import type { RowDirectory } from './row-directory.ts'

/** One row that runs: an MCP server that trusts the provider, or the Keycloak before which it stands. */
export interface RunningRow {
  row: Row
  provider: Provider
  leaver: LeaverProcess
  directory: RowDirectory
  /** Resource URI of the MCP server. */
  resource: string
  /** Of the client that people use. */
  clientId: string
  /** Where its refresh tokens are redeemed. */
  tokenEndpoint: string
  /** Whether a used refresh token ends, at whoever issued it. */
  rotates: boolean
}

/** The provider did something else than the check says. */
class CheckError extends Error {
  override readonly name = 'CheckError'
}

/** Does one check; resolves to what was seen, in a few words. Every check may rely on the ones before it. */
export type Check = (row: CheckedRow) => Promise<string>

/** A running row with the sessions that its checks share. */
export interface CheckedRow extends RunningRow {
  open(username: MatrixPerson, options?: { browser?: HeadlessBrowser; firstScope?: string }): McpSession
  /** One session a person, opened at the first use. */
  session(username: MatrixPerson): McpSession
  close(): Promise<void>
}

export function checkedRow(running: RunningRow): CheckedRow {
  const sessions = new Map<MatrixPerson, McpSession>()
  const opened: McpSession[] = []
  const open: CheckedRow['open'] = (username, options = {}) => {
    const { password } = matrixPeople[username]
    const session = openPersonSession({
      resource: running.resource,
      clientId: running.clientId,
      person: { username, password },
      ...options,
    })
    opened.push(session)
    return session
  }
  return {
    ...running,
    open,
    session(username) {
      const known = sessions.get(username) ?? open(username)
      sessions.set(username, known)
      return known
    },
    async close() {
      for (const session of opened) await session.close().catch(() => {})
    },
  }
}

const report = { report: 'customers-by-team' }
const groupOfTheAnalysts = 'Data Analysts'

/** What each column of the matrix does. */
export const checkOf: Readonly<Record<CheckName, Check>> = {
  'sign in': signsIn,
  'identity claims': namesThePerson,
  'group → tool': turnsGroupIntoTool,
  'step-up': stepsUp,
  refresh: refreshes,
  'key rotation': followsNewKeys,
  'disable → denied': deniesAfterDisable,
}

async function signsIn({ session }: CheckedRow): Promise<string> {
  expectAllowed(await session('alice').callTool('whoami'))
  expect(session('alice').signInPages() === 1, `one sign-in page, filled in ${session('alice').signInPages()} times`)
  return 'one sign-in page'
}

async function namesThePerson({ session }: CheckedRow): Promise<string> {
  const { structured } = expectAllowed(await session('alice').callTool('whoami'))
  const { givenName, familyName, email, department, groups } = matrixPeople.alice
  const expected = { kind: 'person', name: `${givenName} ${familyName}`, email, department, groups: [...groups].sort() }
  const seen = { ...structured, groups: [...((structured.groups as string[] | undefined) ?? [])].sort() }
  for (const [member, value] of Object.entries(expected)) {
    const found = JSON.stringify(seen[member as keyof typeof seen])
    expect(found === JSON.stringify(value), `${member} must be ${JSON.stringify(value)}, found ${found}`)
  }
  return 'name, e-mail, department, groups'
}

/** Nobody touches the MCP server: a group gives a tool, and takes it away again. */
async function turnsGroupIntoTool({ row, open, directory, leaver, resource, session }: CheckedRow): Promise<string> {
  const { newGroupsCome } = leaver
  let erin = session('erin')
  expect(await isRefused(erin, 'run_report', report), 'she may not run reports before she is an analyst')
  async function afterChange(): Promise<void> {
    if (leaver.newGroupsCome === groupsCome.provisioned) await directory.provision('erin')
    if (leaver.newGroupsCome === groupsCome.atSignIn) erin = open('erin')
    else erin.expireAccessToken()
  }
  await directory.addToGroup('erin', groupOfTheAnalysts)
  await afterChange()
  expectAllowed(await erin.callTool('run_report', report))
  // Keycloak tells of a group that was taken away, and the token of before loses the tool: nothing waits for a new one.
  if (hearsOfGroups(row) && newGroupsCome !== groupsCome.atSignIn) {
    const held = erin.accessToken()
    await directory.removeFromGroup('erin', groupOfTheAnalysts)
    if (newGroupsCome === groupsCome.provisioned) await directory.provision('erin')
    await losesTool(resource, held)
    return newGroupsCome === groupsCome.provisioned ? 'by provisioning; lost at once' : 'lost at once'
  }
  await directory.removeFromGroup('erin', groupOfTheAnalysts)
  await afterChange()
  expect(await isRefused(erin, 'run_report', report), 'she may not run reports after she was taken out')
  const ways = {
    [groupsCome.pushed]: 'at the next access token',
    [groupsCome.atSignIn]: 'at the next sign-in',
    [groupsCome.provisioned]: 'by provisioning, at the next access token',
  }
  return ways[leaver.newGroupsCome]
}

/** @throws {CheckError} The token still reaches the tool after the bound. */
async function losesTool(resource: string, accessToken: string): Promise<void> {
  const changedAt = performance.now()
  for (;;) {
    const { status, isToolError } = await callWithToken(resource, accessToken, {
      name: 'run_report',
      arguments: report,
    })
    if (isToolError || status === 401 || status === 403) return
    const milliseconds = Math.round(performance.now() - changedAt)
    expect(
      milliseconds < refusalBoundMs,
      `the tool is lost within ${refusalBoundMs} ms, answered after ${milliseconds}`,
    )
  }
}

/** The MCP server reads the events of a Keycloak that issues its tokens. */
function hearsOfGroups({ role, provider }: Row): boolean {
  return role === 'corporate IdP' || provider === 'keycloak'
}

async function stepsUp({ open, provider, row, resource }: CheckedRow): Promise<string> {
  const isPrefixed = row.role === 'issuer' && provider.scopes.asked === 'prefixed'
  const dave = open('dave', { firstScope: isPrefixed ? `${resource}/read:customers` : 'read:customers' })
  expectAllowed(await dave.callTool('list_customers', { limit: 1 }))
  expect(dave.authorizations() === 1, 'what was asked for at first is enough for reading')
  const before = await callWithToken(resource, dave.accessToken(), { name: 'run_report', arguments: report })
  expect(
    before.status === 403 && before.challengeError === 'insufficient_scope',
    `a wider scope is asked for by 403 insufficient_scope, answered ${before.status} ${before.challengeError}`,
  )
  expectAllowed(await dave.callTool('run_report', report))
  expect(dave.authorizations() === 2, 'one authorization more is enough')
  expect(dave.signInPages() === 1, 'she is not asked to sign in again')
  return '403 insufficient_scope, one authorization more'
}

async function refreshes({ open, clientId, tokenEndpoint, rotates }: CheckedRow): Promise<string> {
  const dave = open('dave')
  expectAllowed(await dave.callTool('whoami'))
  const oldRefreshToken = dave.refreshToken() ?? ''
  expect(oldRefreshToken !== '', 'there is a refresh token')
  dave.expireAccessToken()
  expectAllowed(await dave.callTool('whoami'))
  expect(dave.authorizations() === 1, 'nobody is sent to the authorization server')
  const again = await redeem(tokenEndpoint, clientId, oldRefreshToken)
  if (rotates) expect(again === 400, `a refresh token that comes back is refused, answered ${again}`)
  else expect(again === 200, `the refresh token goes on working, answered ${again}`)
  return rotates ? 'rotates, reuse is refused' : 'does not rotate'
}

async function followsNewKeys({ open, session, row, resource, directory }: CheckedRow): Promise<string> {
  const oldToken = session('alice').accessToken()
  await directory.rotateSigningKey()
  const again = row.role === 'corporate IdP' ? await signInOnceKeysAreRead(open) : open('alice')
  expectAllowed(await again.callTool('whoami'))
  const old = await callWithToken(resource, oldToken)
  expect(old.status === 200, `a token of the old key goes on working, answered ${old.status}`)
  if (row.role === 'corporate IdP') return 'Keycloak fetches the new key at the next sign-in'
  const [before, after] = [oldToken, again.accessToken()].map((token) => decodeProtectedHeader(token).kid)
  expect(before !== after, `another key signs, found ${after} twice`)
  return 'new key accepted, old one still'
}

/** Keycloak looks for keys once a second at most, by whole seconds: a sign-in right after its last look is refused. */
const keysReadWithinMs = 3_000

async function signInOnceKeysAreRead(open: CheckedRow['open']): Promise<McpSession> {
  const rotatedAt = performance.now()
  for (;;) {
    const session = open('alice')
    try {
      await session.callTool('whoami')
      return session
    } catch (error) {
      if (!(error instanceof SignInRefusedError) || performance.now() - rotatedAt > keysReadWithinMs) throw error
    }
  }
}

async function deniesAfterDisable(row: CheckedRow): Promise<string> {
  const { session, open, directory, leaver, provider, resource, clientId, tokenEndpoint } = row
  const alice = session('alice')
  const token = alice.accessToken()
  const tells = leaver.providerTells || readsEventsOf(row)
  let click = () => directory.disable('alice')
  if (!tells) {
    await directory.disable('alice')
    const { status } = await callWithToken(resource, token)
    expect(status === 200, `${provider.title} tells nobody, so her token still works; answered ${status}`)
    click = () => directory.runLeaverProcess('alice')
  }
  const reading = await timeToRefusal(resource, token, click)
  if (tells && leaver.isSeparate) await directory.runLeaverProcess('alice')
  expect(reading.milliseconds < refusalBoundMs, `within ${refusalBoundMs} ms, took ${reading.milliseconds}`)
  expect(reading.answer.challengeError === 'invalid_token', 'the challenge says invalid_token')
  const refresh = await redeem(tokenEndpoint, clientId, alice.refreshToken() ?? '')
  expect(refresh === 400, `her refresh token is refused, answered ${refresh}`)
  await expectNoSignIn(open('alice'))
  await directory.enable('alice')
  const { status } = await callWithToken(resource, token)
  expect(status === 401, `her old token stays refused when she is enabled again, answered ${status}`)
  return `${Math.round(reading.milliseconds)} ms, told by ${tellerOf(row)}`
}

function tellerOf(row: CheckedRow): string {
  const { leaver, provider } = row
  if (readsEventsOf(row)) return 'its events'
  if (!leaver.providerTells) return 'the leaver process'
  // By the book SCIM, logout and events all go out; a resource server itself hears by logout token.
  if (!leaver.isSeparate) {
    const logout = row.row.protocol === 'saml' ? 'LogoutRequest' : 'logout token'
    return row.row.role === 'issuer' ? logout : `SCIM, ${logout} and events`
  }
  return provider.tells.find(({ when }) => when === 'at once')?.by ?? 'nobody'
}

/** Of a Keycloak that issues the tokens itself the MCP server reads the events. */
function readsEventsOf({ row }: CheckedRow): boolean {
  return row.provider === 'keycloak' && row.role === 'issuer'
}

async function redeem(tokenEndpoint: string, clientId: string, refreshToken: string): Promise<number> {
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken }),
  })
  await response.body?.cancel()
  return response.status
}

async function isRefused(who: McpSession, tool: string, args: Record<string, unknown>): Promise<boolean> {
  try {
    return (await who.callTool(tool, args)).isError
  } catch (error) {
    // A tool that this caller may never use answers exactly as one that does not exist.
    if (error instanceof Error && /unknown|not found/i.test(error.message)) return true
    throw error
  }
}

async function expectNoSignIn(who: McpSession): Promise<void> {
  try {
    await who.callTool('whoami')
  } catch (error) {
    if (error instanceof SignInRefusedError) return
    throw error
  }
  throw new CheckError('her sign-in must be refused')
}

function expectAllowed(answer: ToolAnswer): ToolAnswer {
  expect(!answer.isError, `the call must succeed, answered: ${answer.text.slice(0, 200)}`)
  return answer
}

function expect(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new CheckError(rule)
}

/** Where a row's tokens come from. */
export function tokenEndpointOf(provider: Provider, origin: string): string {
  return providerAddresses(provider, origin).token
}
