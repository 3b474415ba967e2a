import type { ToolResult } from '@mcp-identity/mcp-authorization'

/** A result that says the same twice: for people and models as text, for programs as data. */
export function success(text: string, structuredContent: Record<string, unknown>): ToolResult {
  return { content: [{ type: 'text', text }], structuredContent }
}

/** A result that says why nothing came of the call. */
export function failure(text: string): ToolResult {
  return { isError: true, content: [{ type: 'text', text }] }
}
