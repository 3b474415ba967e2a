import type { CallToolResult } from '@modelcontextprotocol/server'

/** The member of a result's `_meta` that says why a call was refused. */
export const AUTHORIZATION_META_KEY = 'io.modelcontextprotocol/authorization'

/** Why a call was refused although its token is in order: no other token would mend it. */
export interface ToolRefusal {
  /** One sentence for the person and the model: what is refused, and what would help. */
  readonly explanation: string
  /** Names of the policies that decided. Default: none named. */
  readonly policies?: readonly string[]
  /** ISO instant from which on the same call may be allowed. Absent: trying again does not help. */
  readonly retryAfter?: string | undefined
}

/**
 * Makes the tool result of a refusal that no token can mend: an error the model can act on, with a structured reason.
 *
 * The envelope follows the structured authorization denials that are proposed for MCP (SEP-2643, a draft): `reason`,
 * `remediation`, `remediationHints`. A refusal that another token would mend is an HTTP challenge, not this.
 */
export function refuseToolCall(refusal: ToolRefusal): CallToolResult {
  const { explanation, policies, retryAfter } = refusal
  const remediationHints = retryAfter === undefined ? [] : [{ type: 'retry_after', retryAfter }]
  return {
    isError: true,
    content: [{ type: 'text', text: explanation }],
    _meta: {
      [AUTHORIZATION_META_KEY]: {
        reason: 'insufficient_authorization',
        remediation: retryAfter === undefined ? 'unavailable' : 'available',
        explanation,
        ...(policies === undefined ? {} : { policies: [...policies] }),
        ...(remediationHints.length === 0 ? {} : { remediationHints }),
      },
    },
  }
}
