import type { StackFile } from '../stack-file.ts'
import { type McpSession, openPersonSession } from './mcp-session.ts'

/** An MCP client of a person of the company, in a browser of its own. */
export function sessionOf(stack: StackFile, username: string): McpSession {
  const person = stack.accounts.find((account) => account.username === username)
  if (person === undefined) throw new Error(`the stack names no ${username}`)
  return openPersonSession({ resource: stack.urls.mcp, clientId: stack.clients.cli.clientId, person })
}

/** An access token of a person who signs in for it, of a client that nothing is done with afterwards. */
export async function accessTokenOf(stack: StackFile, username: string): Promise<string> {
  const session = sessionOf(stack, username)
  await session.callTool('whoami')
  const token = session.accessToken()
  await session.close()
  return token
}
