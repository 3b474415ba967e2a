import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type {
  CallToolResult,
  Icon,
  InputRequiredResult,
  McpServer,
  ScopeChallengeHandler,
  ServerContext,
  StandardSchemaWithJSON,
  ToolAnnotations,
} from '@modelcontextprotocol/server'
import type { RawRequest } from './raw-request.ts'
import { assertScopes } from './scope-hierarchy.ts'
import type { ToolRequirement } from './tool-requirement.ts'

/** One call of a tool, as its handler and its guards see it. */
export interface ToolCall {
  readonly tool: string
  /** The arguments, after the tool's input schema. */
  readonly arguments: unknown
  readonly token: VerifiedAccessToken
  /** Aborted when the caller goes away, at the token's expiry, and when the right to the call ends. */
  readonly signal: AbortSignal
  /** The request that the call came with, as it was handed to the endpoint; undefined when another handler took it in. */
  readonly request?: RawRequest | undefined
  /** The SDK's own context of the request: notifications, elicitation, protocol envelope. */
  readonly context: ServerContext
}

/** What a tool may return. */
export type ToolResult = CallToolResult | InputRequiredResult

/** The arguments that a handler gets: what the input schema makes of them, or an empty object without schema. */
export type ToolArguments<Input> = Input extends StandardSchemaWithJSON
  ? StandardSchemaWithJSON.InferOutput<Input>
  : Record<string, never>

/** A tool with what a caller needs to use it. */
export interface ToolDefinition<Input extends StandardSchemaWithJSON | undefined> extends ToolRequirement {
  readonly name: string
  readonly title?: string
  readonly description?: string
  readonly inputSchema?: Input
  readonly outputSchema?: StandardSchemaWithJSON
  readonly annotations?: ToolAnnotations
  readonly icons?: Icon[]
  readonly _meta?: Record<string, unknown>
  readonly handler: (args: ToolArguments<Input>, call: ToolCall) => ToolResult | Promise<ToolResult>
}

/** Runs around every call of a tool: decide, record, proceed, look at the result. */
export type ToolGuard = (call: ToolCall, proceed: () => Promise<ToolResult>) => Promise<ToolResult>

/** A tool ready to be offered by an MCP server; {@link protectTool} makes one. */
export interface ProtectedTool extends ToolRequirement {
  readonly name: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  /** Whether arguments are repeated in `Mcp-Param-*` headers, which the SDK then compares (MCP 2026-07-28, `x-mcp-header`). */
  readonly readsHeaders: boolean
  /** Registers the tool at one server of the SDK. */
  register(
    server: McpServer,
    settings: { guard?: ToolGuard | undefined; scopeChallenge?: ScopeChallengeHandler | undefined },
  ): void
}

/**
 * Declares a tool and what a caller needs to use it. Its schemas are built once, here, not once a request.
 *
 * @throws {TypeError} A scope is not a scope token, or the age is not 0 or more.
 */
export function protectTool<Input extends StandardSchemaWithJSON | undefined = undefined>(
  definition: ToolDefinition<Input>,
): ProtectedTool {
  const { name, scopes, authenticationLevel, maxAuthenticationAgeSeconds, inputSchema, handler, ...description } =
    definition
  assertScopes(scopes, `the scopes of ${name}`)
  if (maxAuthenticationAgeSeconds !== undefined && !(maxAuthenticationAgeSeconds >= 0)) {
    throw new TypeError(`maxAuthenticationAgeSeconds of ${name} must be 0 or more`)
  }
  return {
    name,
    title: definition.title,
    description: definition.description,
    scopes,
    readsHeaders: inputSchema !== undefined && declaresHeaders(inputSchema),
    ...(authenticationLevel === undefined ? {} : { authenticationLevel }),
    ...(maxAuthenticationAgeSeconds === undefined ? {} : { maxAuthenticationAgeSeconds }),
    register(server, { guard, scopeChallenge }) {
      const run = (args: unknown, context: ServerContext): ToolResult | Promise<ToolResult> =>
        runGuarded(
          {
            tool: name,
            arguments: args,
            context,
            token: tokenOf(context),
            request: context.http?.authInfo?.extra?.request as RawRequest | undefined,
            signal: context.mcpReq.signal,
          },
          handler,
          guard,
        )
      const config = { ...description, ...(scopeChallenge === undefined ? {} : { scopeChallenge }) }
      if (inputSchema === undefined) server.registerTool(name, config, (context) => run({}, context))
      else server.registerTool(name, { ...config, inputSchema: inputSchema as StandardSchemaWithJSON }, run)
    },
  }
}

function declaresHeaders(schema: StandardSchemaWithJSON): boolean {
  try {
    const json = schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' })
    return JSON.stringify(json).includes('"x-mcp-header"')
  } catch {
    // What has no JSON Schema is reported by the SDK when the tool is listed.
    return true
  }
}

/**
 * The access token behind a request, inside a handler of the SDK.
 *
 * @throws {TypeError} The request did not come through the gate.
 */
export function tokenOf(context: ServerContext): VerifiedAccessToken {
  const token = context.http?.authInfo?.extra?.token
  if (token === undefined) throw new TypeError('the request did not come through the gate of a protected resource')
  return token as VerifiedAccessToken
}

function runGuarded<Input>(
  call: ToolCall,
  handler: (args: ToolArguments<Input>, call: ToolCall) => ToolResult | Promise<ToolResult>,
  guard: ToolGuard | undefined,
): ToolResult | Promise<ToolResult> {
  if (guard === undefined) return handler(call.arguments as ToolArguments<Input>, call)
  return guard(call, async () => handler(call.arguments as ToolArguments<Input>, call))
}
