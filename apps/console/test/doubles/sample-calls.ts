import type { AuditEvent } from '@mcp-identity/audit-log'
import type { DoubleMcpServer } from './double-mcp-server.ts'
import type { DoublePerson } from './people.ts'

interface SampleCall {
  username: string
  tool: string
  refused?: string
  failed?: string
  policies: string[]
  readableArguments?: Record<string, unknown>
  durationMs: number
}

/** What a working day looks like in the log. */
export const sampleCalls: readonly SampleCall[] = [
  { username: 'anna', tool: 'list_customers', policies: ['customer-readers-read'], durationMs: 3.1 },
  {
    username: 'bob',
    tool: 'update_customer',
    policies: ['account-managers-change-their-own-team'],
    readableArguments: { customer: 'cust_204', team: 'Sales West' },
    durationMs: 6.4,
  },
  {
    username: 'bob',
    tool: 'update_customer',
    refused: 'cust_789 belongs to Sales East, and account managers change customers of their own team only',
    policies: ['account-managers-change-their-own-team'],
    readableArguments: { customer: 'cust_789' },
    durationMs: 1.2,
  },
  {
    username: 'dave',
    tool: 'run_report',
    policies: ['operations-see-everything'],
    readableArguments: { report: 'customers-by-team' },
    durationMs: 41,
  },
  {
    username: 'dave',
    tool: 'list_invoices',
    refused: 'Operations see everything except financial records',
    policies: ['operations-without-financial-records'],
    durationMs: 0.9,
  },
  {
    username: 'carol',
    tool: 'delete_customer',
    refused: 'Administrators act in business hours of their time zone; allowed again on Monday, 08:00 in Berlin',
    policies: ['administrators-only-in-business-hours'],
    readableArguments: { customer: 'cust_112' },
    durationMs: 1.4,
  },
  {
    username: 'alice',
    tool: 'get_customer',
    policies: ['customer-admins-manage-customers'],
    readableArguments: { customer: 'cust_789' },
    durationMs: 2.2,
  },
  {
    username: 'alice',
    tool: 'delete_customer',
    policies: ['customer-admins-manage-customers'],
    readableArguments: { customer: 'cust_789' },
    durationMs: 9.8,
  },
  { username: 'anna', tool: 'update_customer', refused: 'missing_scope', policies: [], durationMs: 0.6 },
  { username: 'erin', tool: 'whoami', policies: ['everyone-asks-who-they-are'], durationMs: 0.5 },
  {
    username: 'alice',
    tool: 'update_customer',
    failed: 'the customer database is locked',
    policies: ['customer-admins-manage-customers'],
    durationMs: 1204,
  },
]

/** Writes one call as the MCP server does: its decision, then its ending. */
export async function appendCall(
  mcp: DoubleMcpServer,
  person: DoublePerson,
  call: SampleCall,
  time: Date,
): Promise<void> {
  for (const event of callEvents(person, call, time)) await mcp.append(event)
}

/** What the MCP server writes about one call. */
export function callEvents(person: DoublePerson, call: SampleCall, time: Date): AuditEvent[] {
  const common: Omit<AuditEvent, 'phase' | 'outcome'> = {
    requestId: crypto.randomUUID(),
    action: 'tools/call',
    tool: call.tool,
    issuer: 'http://localhost:8483/realms/company',
    subject: `sub-${person.username}`,
    clientId: 'mcp-cli',
    tokenId: crypto.randomUUID(),
    sessionId: crypto.randomUUID(),
    callerKind: 'person',
    email: person.email,
    name: person.name,
    department: person.department,
    argumentsDigest: 'sha256:4Xr7V0m3m1mX1n0bJr0yFzq2W0mJ8m0cJb3yqzq2W0k',
    ...(call.readableArguments === undefined ? {} : { readableArguments: call.readableArguments }),
    policies: call.policies,
    protocolEra: '2026-07-28',
  }
  const decision: AuditEvent = {
    ...common,
    time: time.toISOString(),
    phase: 'decision',
    outcome: call.refused === undefined ? 'allowed' : 'refused',
    ...(call.refused === undefined ? {} : { reason: call.refused }),
  }
  if (call.refused !== undefined) return [decision]
  const ending: AuditEvent = {
    ...common,
    time: new Date(time.getTime() + call.durationMs).toISOString(),
    phase: 'outcome',
    outcome: call.failed === undefined ? 'succeeded' : 'failed',
    ...(call.failed === undefined ? {} : { reason: call.failed }),
    durationMs: call.durationMs,
  }
  return [decision, ending]
}

/** Fills the log with `count` calls that end now, `secondsBetween` apart. */
export async function appendDay(
  mcp: DoubleMcpServer,
  people: DoublePerson[],
  count: number,
  secondsBetween = 17,
): Promise<void> {
  const now = Date.now()
  for (let index = 0; index < count; index += 1) {
    const call = sampleCalls[(index * 7 + Math.floor(index / 11)) % sampleCalls.length]
    const person = people.find(({ username }) => username === call?.username)
    if (call === undefined || person === undefined) continue
    await appendCall(mcp, person, call, new Date(now - (count - index) * secondsBetween * 1000))
  }
}
