import type { ProtectedTool, ToolCall } from '@mcp-identity/mcp-authorization'
import type { MaskedRow, PolicyResource, RowFilter } from '@mcp-identity/policy'
import type { LiveCaller } from '../live-caller.ts'

/** What a call was granted when it was decided. A tool works within it and asks nothing else. */
export interface Grant {
  readonly caller: LiveCaller
  /** Names of the policies that allowed the call. */
  readonly policies: readonly string[]
  /** The rows of a type of record that this call may see. */
  rows(resourceType: string): RowFilter
  /** Leaves out the fields of a record that this caller may not see, and names them. */
  mask<Row extends object>(resourceType: string, row: Row): MaskedRow<Row>
}

/** A tool with what the guard has to know of it. */
export interface CompanyTool {
  readonly tool: ProtectedTool
  /** The record that a call acts on, for the decision; undefined when the call names none or there is no such record. */
  readonly recordOf?: (args: unknown) => PolicyResource | undefined
  /** Asks the authorization server about the token before each call, and goes on only with its answer. */
  readonly isDestructive?: boolean
  /** The arguments that the audit log shows in the clear: none that are personal or secret. */
  readonly readableArguments: (args: unknown) => Readonly<Record<string, unknown>>
}

/** Hands grants from the guard to the tool that it lets through. */
export interface Grants {
  give(call: ToolCall, grant: Grant): void
  /** @throws {TypeError} The call was not decided: a tool never works without a grant. */
  of(call: ToolCall): Grant
}

/** Grants are kept with their calls: what comes and goes with each call outlives it in a `WeakMap`. */
export function createGrants(): Grants {
  const grantKey = Symbol('grant')
  type Granted = { [grantKey]?: Grant }
  return {
    give(call, grant) {
      ;(call as Granted)[grantKey] = grant
    },
    of(call) {
      const grant = (call as Granted)[grantKey]
      if (grant === undefined) throw new TypeError(`the call of ${call.tool} was not decided`)
      return grant
    },
  }
}

/** Picks members of the arguments by name. */
export function pick(...names: string[]): (args: unknown) => Readonly<Record<string, unknown>> {
  return (args) => {
    const given = args as Record<string, unknown>
    return Object.fromEntries(names.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]))
  }
}
