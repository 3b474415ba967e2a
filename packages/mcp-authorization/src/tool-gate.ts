import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { Authenticated } from './gate.ts'
import type { ProtectedResource } from './protected-resource.ts'
import type { ProtectedTool } from './protected-tool.ts'
import type { Refusal } from './refusal.ts'
import { isVisible, type VisibilityRules, visibleTools } from './visible-tools.ts'

/** Whether the calls in a message may go on to the SDK. */
export type Admission =
  | Refusal
  /** `tool`: the one tool that the message calls, when the caller may use it. */
  | { readonly outcome: 'admitted'; readonly tool: ProtectedTool | undefined }

/** A tool that a message calls, as far as its caller can see it. */
export type CalledTool = ProtectedTool | undefined

/** Decides about tool calls before the SDK sees them. */
export interface ToolGate {
  /** The tools that a message calls by these names, in that order. */
  find(token: VerifiedAccessToken, names: readonly string[]): readonly CalledTool[]
  /** Counts the calls; a refusal when there are too many. */
  refuseTooMany(authenticated: Authenticated, called: readonly CalledTool[]): Promise<Refusal | undefined>
  /** Sign-in and scopes of the tools. */
  admit(authenticated: Authenticated, called: readonly CalledTool[]): Admission
  /** What the caller may see, in the order of declaration. */
  visible(token: VerifiedAccessToken): readonly ProtectedTool[]
}

/**
 * Makes the gate for tool calls. A batch (2025-03-26) is refused as a whole, with all scopes in one challenge. A tool that the caller cannot see is admitted and then unknown to the SDK.
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

  /** What the caller cannot see is counted together, so that guessing names is limited and tells nothing. */
  async function refuseTooMany(
    authenticated: Authenticated,
    called: readonly CalledTool[],
  ): Promise<Refusal | undefined> {
    for (const tool of called) {
      const limited = await resource.limitToolCall(authenticated, tool?.name ?? '')
      if (limited !== undefined) return limited
    }
    return undefined
  }

  function refuseAny(authenticated: Authenticated, seen: readonly ProtectedTool[]): Refusal | undefined {
    const refused = seen.map((tool) => resource.authorize(authenticated, tool)).find((found) => found !== undefined)
    if (refused?.reason !== 'insufficient_scope') return refused
    return resource.authorize(authenticated, { scopes: seen.flatMap((tool) => tool.scopes) })
  }

  return {
    find: (token, names) =>
      names.map((name) => {
        const tool = byName.get(name)
        return tool !== undefined && isVisible(resource, token, tool, rules) ? tool : undefined
      }),
    refuseTooMany,
    admit(authenticated, called) {
      const refusal = refuseAny(
        authenticated,
        called.filter((tool) => tool !== undefined),
      )
      if (refusal !== undefined) return refusal
      return { outcome: 'admitted', tool: called.length === 1 ? called[0] : undefined }
    },
    visible: (token) => visibleTools(resource, token, tools, rules),
  }
}
