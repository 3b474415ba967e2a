import type { AuditLog } from '@mcp-identity/audit-log'
import { protectTool } from '@mcp-identity/mcp-authorization'
import { z } from 'zod'
import { present } from '../audit-events.ts'
import { auditQueryInput, auditRecordView, viewOfRecord } from '../audit-view.ts'
import { scopesOf } from '../scopes.ts'
import type { CompanyTool, Grants } from './company-tool.ts'
import { pick } from './company-tool.ts'
import { success } from './results.ts'

export interface IdentityToolsParts {
  auditLog: Pick<AuditLog, 'query'>
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

function exportAudit({ auditLog }: IdentityToolsParts): CompanyTool {
  const tool = protectTool({
    name: 'export_audit',
    title: 'Export the audit log',
    description:
      'Exports records of the audit log: who called which tool, what was decided and why. The newest records, or those after a sequence number, in ascending order.',
    scopes: scopesOf('export_audit'),
    annotations: { readOnlyHint: true, openWorldHint: false },
    inputSchema: auditQueryInput,
    outputSchema: z.object({ records: z.array(auditRecordView) }),
    handler: async (query) => {
      const records = (await auditLog.query(present(query))).map(viewOfRecord)
      const lines = records.map(({ sequence, time, line }) => `${sequence}  ${time}  ${line}`)
      return success(lines.join('\n') || 'No records fit.', { records })
    },
  })
  return { tool, readableArguments: pick('afterSequence', 'limit', 'tool', 'outcome') }
}

function given<Name extends string>(name: Name, value: string | null | undefined): { [Key in Name]?: string } {
  return (value == null ? {} : { [name]: value }) as { [Key in Name]?: string }
}
