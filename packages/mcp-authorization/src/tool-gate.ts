import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { Authenticated, ProtectedResource } from './protected-resource.ts'
import type { ProtectedTool } from './protected-tool.ts'
import type { Refusal } from './refusal.ts'
import { calledTools } from './tool-calls.ts'
import { isVisible, type VisibilityRules, visibleTools } from './visible-tools.ts'

/** Whether a message may go on to the SDK. */
export type Admission =
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
  /** `tool`: the one tool that the message calls, when the caller may use it. */
  | { readonly outcome: 'admitted'; readonly tool: ProtectedTool | undefined }

/** Decides about tool calls before the SDK sees them. */
export interface ToolGate {
  admit(authenticated: Authenticated, body: unknown): Promise<Admission>
  /** What the caller may see, in the order of declaration. */
  visible(token: VerifiedAccessToken): readonly ProtectedTool[]
}

/**
 * Makes the gate for tool calls: rate limit, then sign-in and scopes of the tool. A batch (2025-03-26) is refused as a
 * whole, with all scopes in one challenge. A tool that the caller cannot see is admitted and then unknown to the SDK.
 *
 * @throws {TypeError} Two tools have one name.
 */
export function createToolGate(
  resource: ProtectedResource,
  tools: readonly ProtectedTool[],
  rules: VisibilityRules | undefined,
): ToolGate {
  const byName = new Map(tools.map((tool) => [tool.name, tool]))
  if (byName.size !== tools.length) throw new TypeError('two tools have the same name')

  function findSeen(token: VerifiedAccessToken, name: string): ProtectedTool | undefined {
    const tool = byName.get(name)
    return tool !== undefined && isVisible(resource, token, tool, rules) ? tool : undefined
  }

  /** What the caller cannot see is counted together, so that guessing names is limited and tells nothing. */
  async function refuseTooMany(authenticated: Authenticated, seen: readonly (ProtectedTool | undefined)[]) {
    for (const tool of seen) {
      const limited = await resource.limitToolCall(authenticated, tool?.name ?? '')
      if (limited !== undefined) return limited
    }
    return undefined
  }

  function refuseTools(authenticated: Authenticated, seen: readonly ProtectedTool[]): Refusal | undefined {
    const refused = seen.map((tool) => resource.authorize(authenticated, tool)).find((found) => found !== undefined)
    if (refused?.reason !== 'insufficient_scope' || seen.length === 1) return refused
    return resource.authorize(authenticated, { scopes: seen.flatMap((tool) => tool.scopes) })
  }

  return {
    async admit(authenticated, body) {
      const called = calledTools(body).map((name) => findSeen(authenticated.token, name))
      const seen = called.filter((tool) => tool !== undefined)
      const refusal = (await refuseTooMany(authenticated, called)) ?? refuseTools(authenticated, seen)
      if (refusal !== undefined) return { outcome: 'refused', refusal }
      return { outcome: 'admitted', tool: called.length === 1 ? called[0] : undefined }
    },
    visible: (token) => visibleTools(resource, token, tools, rules),
  }
}
