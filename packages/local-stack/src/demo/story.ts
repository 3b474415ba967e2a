import { readFile, writeFile } from 'node:fs/promises'
import { verifyAuditLog } from '@mcp-identity/audit-log'
import { type Limit, limitsOf, providerAddresses, providers } from '@mcp-identity/provider-dialects'
import type { Trust } from '../parts.ts'
import type { HeadlessBrowser, Observer } from './browser.ts'
import { type DirectoryStack, directoryOf } from './domain-directory.ts'
import { groupsCome, leaverProcessOf } from './leaver-process.ts'
import {
  type McpSession,
  openPersonSession,
  openServiceSession,
  SignInRefusedError,
  type ToolAnswer,
} from './mcp-session.ts'
import { callWithToken, timeToRefusal } from './stopwatch.ts'

/** What the story needs to know of a running stack; `.local/stack.json` holds it. */
export interface StoryStack extends Pick<DirectoryStack, 'domainController'> {
  trust: Trust
  urls: {
    mcp: string
    issuer: string
    corporateIdp: string
  }
  accounts: { username: string; password: string; groups: string[] }[]
  clients: {
    cli: { clientId: string }
    service: { clientId: string; privateKeyFile: string }
    directoryAdmin: { secret: string }
  }
  /** The MCP server's SQLite audit log. */
  auditLog: string
  /** Those of all replicas, where there are several. */
  auditLogs?: string[]
  /** The policy clock's file: an instant with offset, or empty for the real time. */
  clockFile: string
}

/** One step of the story: what was asked, and the function that asks and tells what came back. */
export interface StoryStep {
  asked: string
  /** Left out where the issuer has no scopes for an API, or no service client in this stack. */
  needs?: 'scopes' | 'service'
  run(): Promise<string>
}

/** The step did something else than the story says. */
export class StoryError extends Error {
  override readonly name = 'StoryError'
}

/** The whole story, in order, over one running stack. Every step may rely on the ones before it. */
export interface Story {
  /** What the provider cannot do by itself, and what the stack does about it; said before the first step. */
  limits: readonly Limit[]
  steps: StoryStep[]
  /** Disables alice once more with a fresh access token. Resolves to the milliseconds until the first refusal. */
  disableRound(): Promise<number>
  /** Leaves the directory, the clock and the customer as they were found. Safe to call at any point. */
  restore(): Promise<void>
}

const customerOfTheMission = 'cust_789'
const groupOfTheAnalysts = 'Data Analysts'
const tuesdayMorning = '2026-11-24T10:00:00+01:00'
const tuesdayNight = '2026-11-24T22:00:00+01:00'
const sundayMorning = '2026-11-29T10:00:00+01:00'

/** The bound that the story holds each cut-off to, in milliseconds from the click. */
export const refusalBoundMs = 1000

/** Builds the story of the mission over a running stack (DESIGN: people A to D, erin, the service, and the leaver). */
export function buildStory(stack: StoryStack, observe: Observer = () => {}): Story {
  const provider = providers[stack.trust.provider]
  const isIssuer = stack.trust.issuer === 'provider'
  const hasScopes = !isIssuer || provider.scopes.asked !== 'none'
  const directory = directoryOf(stack)
  const sessions = new Map<string, McpSession>()
  const leaver = leaverProcessOf(stack.trust)

  /** Directory and Keycloak agree afterwards, whether the provider tells by itself or not. */
  async function enable(username: string): Promise<void> {
    await directory.enable(username)
    if (leaver.isSeparate) await announce(username)
  }

  async function setGroups(username: string, groups: string[]): Promise<void> {
    await directory.setGroups(username, groups)
    if (leaver.isSeparate) await announce(username)
  }

  async function announce(username: string): Promise<void> {
    await directory.announce(username)
    await directory.settle(username)
  }

  function freshSession(username: string, browser?: HeadlessBrowser): McpSession {
    const account = stack.accounts.find((candidate) => candidate.username === username)
    if (account === undefined) throw new StoryError(`the stack names no account ${username}`)
    return openPersonSession({
      resource: stack.urls.mcp,
      clientId: stack.clients.cli.clientId,
      person: account,
      observe,
      ...(browser === undefined ? {} : { browser }),
    })
  }

  function session(username: string): McpSession {
    const known = sessions.get(username) ?? freshSession(username)
    sessions.set(username, known)
    return known
  }

  async function serviceSession(): Promise<McpSession> {
    return openServiceSession({
      resource: stack.urls.mcp,
      clientId: stack.clients.service.clientId,
      privateKey: JSON.parse(await readFile(stack.clients.service.privateKeyFile, 'utf8')),
      issuer: stack.urls.issuer,
      scope: 'read:customers admin:reports',
      observe,
    })
  }

  const setClock = (instant: string): Promise<void> => writeFile(stack.clockFile, instant)

  async function restoreCustomer(): Promise<void> {
    if (!hasScopes) return
    const carol = freshSession('carol')
    await setClock(tuesdayMorning)
    await carol.callTool('update_customer', { id: customerOfTheMission, changes: { status: 'active' } })
    await carol.close()
    await setClock('')
  }

  async function restore(): Promise<void> {
    await setClock('')
    await enable('alice')
    const groups = await directory.groupsOf('erin')
    await setGroups(
      'erin',
      groups.filter((group) => group !== groupOfTheAnalysts),
    )
  }

  async function disableRound(): Promise<number> {
    const alice = freshSession('alice')
    expectAllowed(await alice.callTool('whoami'))
    const reading = await timeToRefusal(stack.urls.mcp, alice.accessToken(), async () => {
      await directory.disable('alice')
      if (leaver.isSeparate) await directory.announce('alice')
    })
    await alice.close()
    await enable('alice')
    return reading.milliseconds
  }

  const allSteps: StoryStep[] = [
    {
      asked: 'everyone as the directory seeds them, cust_789 in place',
      run: async () => {
        await restore()
        await restoreCustomer()
        return `alice enabled, erin without the analysts${hasScopes ? ', cust_789 active' : ''}`
      },
    },
    {
      asked: isIssuer
        ? `alice signs in to ${provider.title} and calls whoami`
        : `alice signs in ${stack.domainController === undefined ? 'through the corporate IdP' : 'with her password of Active Directory'} and calls whoami`,
      run: async () => {
        const answer = expectAllowed(await session('alice').callTool('whoami'))
        expect(session('alice').signInPages() === 1, 'she fills in one sign-in page, and only one')
        return oneLine(answer.text)
      },
    },
    {
      asked: 'alice calls delete_customer cust_789',
      needs: 'scopes',
      run: async () => {
        const answer = expectAllowed(await session('alice').callTool('delete_customer', { id: customerOfTheMission }))
        expect(session('alice').signInPages() === 1, 'she is not asked to sign in again')
        return oneLine(answer.text)
      },
    },
    {
      asked: 'the audit log names her',
      needs: 'scopes',
      run: () => auditLine('alice@company.com (Engineering) called delete_customer'),
    },
    {
      asked: 'anna reads a customer',
      needs: 'scopes',
      run: async () => oneLine(expectAllowed(await session('anna').callTool('get_customer', { id: 'cust_001' })).text),
    },
    {
      asked: 'anna changes a customer',
      needs: 'scopes',
      run: () => refusedCall(session('anna'), 'update_customer', { id: 'cust_001', changes: { notes: 'mine now' } }),
    },
    {
      asked: 'bob changes a customer of his own team, Sales West',
      needs: 'scopes',
      run: async () => {
        const own = await firstCustomerOf('Sales West')
        const answer = await session('bob').callTool('update_customer', {
          id: own,
          changes: { notes: 'Called on Monday.' },
        })
        return oneLine(expectAllowed(answer).text)
      },
    },
    {
      asked: 'bob changes a customer of Sales East',
      needs: 'scopes',
      run: () =>
        refusedCall(session('bob'), 'update_customer', { id: customerOfTheMission, changes: { notes: 'mine' } }),
    },
    {
      asked: 'carol exports the audit log on a Tuesday at 10:00 in Berlin',
      needs: 'scopes',
      run: async () => {
        await setClock(tuesdayMorning)
        return oneLine(expectAllowed(await session('carol').callTool('export_audit', { limit: 3 })).text)
      },
    },
    {
      asked: 'carol does the same at 22:00',
      needs: 'scopes',
      run: async () => {
        await setClock(tuesdayNight)
        return refusedCall(session('carol'), 'export_audit', { limit: 3 })
      },
    },
    {
      asked: 'carol does the same on Sunday at 10:00',
      needs: 'scopes',
      run: async () => {
        await setClock(sundayMorning)
        const refusal = await refusedCall(session('carol'), 'export_audit', { limit: 3 })
        await setClock('')
        return refusal
      },
    },
    {
      asked: 'dave lists customers',
      needs: 'scopes',
      run: async () => oneLine(expectAllowed(await session('dave').callTool('list_customers', { limit: 3 })).text),
    },
    {
      asked: 'dave lists invoices',
      needs: 'scopes',
      run: () => refusedCall(session('dave'), 'list_invoices', {}),
    },
    {
      asked: 'erin runs a report before anyone moved her',
      needs: 'scopes',
      run: () => refusedCall(session('erin'), 'run_report', { report: 'customers-by-team' }),
    },
    {
      asked: `IT moves erin into Data Analysts; ${leaver.newGroupsCome}, and nobody touched the MCP server`,
      needs: 'scopes',
      run: async () => {
        await directory.setGroups('erin', [...(await directory.groupsOf('erin')), groupOfTheAnalysts])
        if (leaver.newGroupsCome === groupsCome.provisioned) await announce('erin')
        if (leaver.newGroupsCome === groupsCome.atSignIn) {
          await session('erin').close()
          sessions.delete('erin')
        } else session('erin').expireAccessToken()
        return oneLine(
          expectAllowed(await session('erin').callTool('run_report', { report: 'customers-by-team' })).text,
        )
      },
    },
    {
      asked: 'the service nightly-report runs the report with its own key, no person behind it',
      needs: 'service',
      run: async () => {
        const service = await serviceSession()
        const answer = expectAllowed(await service.callTool('run_report', { report: 'customers-by-team' }))
        await service.close()
        return oneLine(answer.text)
      },
    },
    {
      asked: 'IT disables alice; her access token has not expired',
      run: async () => {
        if (leaver.providerTells) return refusedSoonAfter(() => directory.disable('alice'))
        await directory.disable('alice')
        const answer = await callWithToken(stack.urls.mcp, session('alice').accessToken())
        expect(answer.status === 200, `nobody was told, so her token still works; answered ${answer.status}`)
        return `${provider.title} tells nobody at once: her access token still works`
      },
    },
    ...(leaver.isSeparate
      ? [
          {
            asked: `the company's leaver process tells ${isIssuer ? '' : 'Keycloak and '}the MCP server`,
            run: async () => {
              if (!leaver.providerTells) return refusedSoonAfter(() => directory.announce('alice'))
              await announce('alice')
              return `what ${provider.title} did not tell: sessions ended, tokens of before count no more`
            },
          },
        ]
      : []),
    {
      asked: 'alice takes a new access token by her refresh token',
      run: () => refusedRefresh(session('alice')),
    },
    {
      asked: 'alice signs in again',
      run: async () => {
        const page = await refusedSignIn(freshSession('alice'))
        return `refused by the sign-in page: ${page}`
      },
    },
    {
      asked: 'IT enables alice again: her old access token stays refused, a new sign-in works',
      run: async () => {
        const oldToken = session('alice').accessToken()
        await enable('alice')
        const again = freshSession('alice')
        expectAllowed(await again.callTool('whoami'))
        const old = await callWithToken(stack.urls.mcp, oldToken)
        expect(old.status === 401, `the old access token is refused, answered ${old.status}`)
        await again.close()
        return 'old access token 401, new sign-in 200'
      },
    },
    {
      asked: 'the audit chain verifies',
      run: async () => {
        const verdicts = await Promise.all((stack.auditLogs ?? [stack.auditLog]).map(recordsOfIntact))
        return verdicts.map((records) => `${records} records, intact`).join('; ')
      },
    },
  ]

  async function refusedSoonAfter(click: () => Promise<unknown>): Promise<string> {
    const reading = await timeToRefusal(stack.urls.mcp, session('alice').accessToken(), click)
    expect(
      reading.milliseconds < refusalBoundMs,
      `refused within ${refusalBoundMs} ms, took ${ms(reading.milliseconds)}`,
    )
    expect(reading.answer.challengeError === 'invalid_token', 'the challenge says invalid_token')
    return `401 invalid_token ${ms(reading.milliseconds)} after the click, ${reading.allowedCalls} calls in between`
  }

  /** Reads the audit logs of all replicas as carol in business hours, and looks for the human line. */
  async function auditLine(line: string): Promise<string> {
    await setClock(tuesdayMorning)
    const answer = expectAllowed(await session('carol').callTool('export_audit', { limit: 50 }))
    await setClock('')
    if (!answer.text.includes(line)) throw new StoryError(`no line "${line}" in: ${answer.text.slice(0, 2000)}`)
    return line
  }

  /** The part of the story that the provider can tell by itself. */
  function stepsOfIssuer(): StoryStep[] {
    return allSteps.filter(({ needs }) => needs === undefined || (needs === 'scopes' && hasScopes))
  }

  async function firstCustomerOf(team: string): Promise<string> {
    const answer = expectAllowed(await session('bob').callTool('list_customers', { team, limit: 1 }))
    const customers = answer.structured.customers as { id: string }[] | undefined
    const id = customers?.[0]?.id
    if (id === undefined) throw new StoryError(`list_customers names no customer of ${team}`)
    return id
  }

  async function refusedRefresh(who: McpSession): Promise<string> {
    const response = await fetch(tokenEndpoint(stack), {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: stack.clients.cli.clientId,
        refresh_token: who.refreshToken() ?? '',
      }),
    })
    const answer = (await response.json()) as { error?: string; error_description?: string }
    expect(
      response.status === 400 && answer.error === 'invalid_grant',
      `the refresh is refused, answered ${response.status}`,
    )
    return `${response.status} ${answer.error}: ${answer.error_description ?? ''}`
  }

  return {
    limits: limitsOf(provider, isIssuer ? 'issuer' : 'corporate IdP'),
    steps: isIssuer ? stepsOfIssuer() : allSteps,
    disableRound,
    restore: async () => {
      for (const open of sessions.values()) await open.close().catch(() => {})
      await restore()
      await directory.close()
    },
  }
}

function tokenEndpoint({ trust, urls }: StoryStack): string {
  return trust.issuer === 'provider'
    ? providerAddresses(providers[trust.provider], urls.corporateIdp).token
    : `${urls.issuer}/protocol/openid-connect/token`
}

async function refusedCall(who: McpSession, tool: string, args: Record<string, unknown>): Promise<string> {
  try {
    const answer = await who.callTool(tool, args)
    expect(answer.isError, `${tool} is refused, answered: ${answer.text.slice(0, 200)}`)
    return `refused: ${oneLine(answer.text)}`
  } catch (error) {
    if (error instanceof StoryError) throw error
    // A tool that this caller may never use answers exactly as one that does not exist.
    const message = error instanceof Error ? error.message : String(error)
    expect(/unknown|not found/i.test(message), `${tool} is refused as unknown, answered: ${message}`)
    return `refused: ${oneLine(message)}`
  }
}

async function refusedSignIn(who: McpSession): Promise<string> {
  try {
    await who.callTool('whoami')
  } catch (error) {
    if (error instanceof SignInRefusedError) return oneLine(error.pageText)
    throw error
  } finally {
    await who.close()
  }
  throw new StoryError('the sign-in must be refused')
}

async function recordsOfIntact(auditLog: string): Promise<number> {
  const verdict = await verifyAuditLog(auditLog)
  if (!verdict.intact) throw new StoryError(`${auditLog}, record ${verdict.firstBadSequence}: ${verdict.problem}`)
  return verdict.records
}

function expectAllowed(answer: ToolAnswer): ToolAnswer {
  expect(!answer.isError, `the call must succeed, answered: ${answer.text.slice(0, 300)}`)
  return answer
}

function expect(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new StoryError(rule)
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 160 ? `${line.slice(0, 157)}...` : line
}

function ms(milliseconds: number): string {
  return `${Math.round(milliseconds)} ms`
}
