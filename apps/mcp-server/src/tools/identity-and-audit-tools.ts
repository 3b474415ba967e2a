import { protectTool } from '@mcp-identity/mcp-authorization'
import { z } from 'zod'
import { present } from '../audit-events.ts'
import { type AuditLogs, inOrderOfTime, LogUnreadError, readLogs } from '../audit-logs.ts'
import { auditQueryInput, auditRecordView, unreadLogView, viewOfRecord } from '../audit-view.ts'
import { scopesOf } from '../scopes.ts'
import type { CompanyTool, Grants } from './company-tool.ts'
import { pick } from './company-tool.ts'
import { failure, success } from './results.ts'

export interface IdentityToolsParts {
  logs: AuditLogs
  grants: Grants
}

/** Who the caller is, and who did what. */
export function identityAndAuditTools(parts: IdentityToolsParts): CompanyTool[] {
  return [whoAmI(parts), exportAudit(parts)]
}

function whoAmI({ grants }: IdentityToolsParts): CompanyTool {
  const tool = protectTool({
    name: 'whoami',
    title: 'Who am I?',
    description:
      'Says who the caller is to this server: identity, department, groups, granted scopes, and for how long.',
    scopes: scopesOf('whoami'),
    annotations: { readOnlyHint: true, openWorldHint: false },
    outputSchema: z.object({
      kind: z.enum(['person', 'service', 'agent']),
      name: z.string().optional(),
      email: z.string().optional(),
      department: z.string().optional(),
      groups: z.array(z.string()).optional().describe('Absent when the authorization server does not say'),
      scopes: z.array(z.string()).describe('What was granted, as far as roles still stand behind it'),
      issuer: z.string(),
      subject: z.string(),
      clientId: z.string(),
      expiresAt: z.string().describe('ISO instant at which the access token ends'),
    }),
    handler: (_args, call) => {
      const { caller } = grants.of(call)
      const { token } = call
      const identity = {
        kind: caller.kind,
        ...given('name', caller.name),
        ...given('email', caller.email),
        ...given('department', caller.department),
        ...(caller.groups == null ? {} : { groups: [...caller.groups] }),
        scopes: [...caller.scopes],
        issuer: token.issuer,
        subject: token.subject,
        clientId: token.clientId,
        expiresAt: new Date(token.expiresAt * 1000).toISOString(),
      }
      return success(sentence(identity), identity)
    },
  })
  return { tool, readableArguments: () => ({}) }
}

function sentence(identity: {
  kind: string
  name?: string
  email?: string
  department?: string
  groups?: string[]
  scopes: string[]
  clientId: string
}): string {
  const { kind, name, email, department, groups, scopes, clientId } = identity
  const who =
    kind === 'service'
      ? `the service ${clientId}`
      : `${name ?? email ?? 'someone without a name'}${email === undefined ? '' : ` <${email}>`}`
  const where = department === undefined ? '' : `, ${department}`
  const memberships = groups === undefined ? 'Groups are unknown.' : `Groups: ${groups.join(', ') || 'none'}.`
  return `You are ${who}${where}. ${memberships} Scopes: ${scopes.join(', ') || 'none'}.`
}

function exportAudit({ logs }: IdentityToolsParts): CompanyTool {
  const tool = protectTool({
    name: 'export_audit',
    title: 'Export the audit log',
    description:
      'Exports records of the audit logs of all replicas: who called which tool, what was decided and why. The newest records, or those of one log after a sequence number, in the order of time. Says which logs could not be read.',
    scopes: scopesOf('export_audit'),
    annotations: { readOnlyHint: true, openWorldHint: false },
    inputSchema: auditQueryInput,
    outputSchema: z.object({ records: z.array(auditRecordView), unread: z.array(unreadLogView) }),
    handler: async ({ log: named, ...query }) => {
      if (query.afterSequence !== undefined && named === undefined && (await logs.others()).logs.length > 0)
        return failure('A sequence is of one log: say which, with log.')
      const found = await readLogs(logs, (log) => log.query(present(query)), named).catch(problemOf)
      if (typeof found === 'string') return failure(found)
      const { read, unread } = found
      const all = inOrderOfTime(read).map(viewOfRecord)
      const records = query.afterSequence === undefined ? all.slice(-query.limit) : all
      const missing = unread.map(({ log, problem }) => `Records of ${log ?? 'other replicas'} are missing: ${problem}.`)
      const lines = records.map(({ log, sequence, time, line }) => `${log} ${sequence}  ${time}  ${line}`)
      return success([...missing, lines.join('\n') || 'No records fit.'].join('\n'), { records, unread })
    },
  })
  return { tool, readableArguments: pick('log', 'afterSequence', 'limit', 'tool', 'outcome') }
}

function problemOf(error: unknown): string {
  if (error instanceof LogUnreadError) return `The log cannot be read: ${error.message}.`
  throw error
}

function given<Name extends string>(name: Name, value: string | null | undefined): { [Key in Name]?: string } {
  return (value == null ? {} : { [name]: value }) as { [Key in Name]?: string }
}
