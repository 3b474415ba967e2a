import { protectTool, type ToolResult } from '@mcp-identity/mcp-authorization'
import { z } from 'zod'

const oneCustomer = z.object({ id: z.string() })

/** A few tools: for everyone, for readers, for writers, for two scopes at once, and for a strong sign-in. */
export const customerTools = [
  protectTool({ name: 'whoami', scopes: [], handler: (_args, { token }) => text(String(token.caller.email)) }),
  protectTool({
    name: 'get_customer',
    scopes: ['read:customers'],
    inputSchema: oneCustomer,
    handler: ({ id }) => text(`customer ${id}`),
  }),
  protectTool({
    name: 'delete_customer',
    scopes: ['write:customers'],
    inputSchema: oneCustomer,
    handler: ({ id }) => text(`deleted ${id}`),
  }),
  protectTool({ name: 'run_report', scopes: ['read:customers', 'admin:reports'], handler: () => text('report') }),
  protectTool({
    name: 'export_audit',
    scopes: ['admin:reports'],
    authenticationLevel: ['phr', 'mfa'],
    maxAuthenticationAgeSeconds: 300,
    handler: () => text('audit'),
  }),
]

/** A tool result that is one text. */
export function text(content: string): ToolResult {
  return { content: [{ type: 'text', text: content }] }
}
