import { setTimeout as pause } from 'node:timers/promises'
import { type ProtectedTool, protectTool, type ToolCall, type ToolResult } from '@mcp-identity/mcp-authorization'
import { fromJsonSchema, type JsonSchemaType, type ServerNotifier } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { png, schema202012, wav } from './samples.ts'

const text = (content: string): ToolResult => ({ content: [{ type: 'text', text: content }] })
const image = { type: 'image' as const, data: png, mimeType: 'image/png' }

/** Tools without arguments that answer at once: name to result. */
const plainResults: Readonly<Record<string, ToolResult>> = {
  test_simple_text: text('This is a simple text response for testing.'),
  test_image_content: { content: [image] },
  test_audio_content: { content: [{ type: 'audio', data: wav, mimeType: 'audio/wav' }] },
  test_embedded_resource: {
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  },
  test_multiple_content_types: {
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      image,
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: '{"test":"data","value":123}',
        },
      },
    ],
  },
}

/** Tools that report while they run, and the two that change lists. */
const workingTools: Readonly<Record<string, (call: ToolCall, notify: () => ServerNotifier) => Promise<ToolResult>>> = {
  test_tool_with_logging: reportByLog,
  test_logging_tool: reportByLog,
  test_tool_with_progress: reportProgress,
  test_error_handling: async () => {
    throw new Error('This tool intentionally returns an error for testing')
  },
  test_trigger_tool_change: async (_call, notify) => {
    notify().toolsChanged()
    return text('The list of tools was announced as changed.')
  },
  test_trigger_prompt_change: async (_call, notify) => {
    notify().promptsChanged()
    return text('The list of prompts was announced as changed.')
  },
}

/**
 * The tools that the MCP conformance suite calls by name and that ask nothing of the client.
 *
 * @param notify Tells open subscriptions; asked for when a tool runs, since the endpoint is made after its tools.
 */
export function fixtureTools(notify: () => ServerNotifier): ProtectedTool[] {
  return [
    ...Object.entries(plainResults).map(([name, result]) => fixtureTool(name, () => result)),
    ...Object.entries(workingTools).map(([name, run]) => fixtureTool(name, (_args, call) => run(call, notify))),
    protectTool({
      name: 'json_schema_2020_12_tool',
      description: 'Tool with JSON Schema 2020-12 features',
      scopes: [],
      inputSchema: fromJsonSchema(schema202012 as unknown as JsonSchemaType),
      handler: (args) => text(JSON.stringify(args)),
    }),
  ]
}

/** A tool of the fixture: open to every token of this resource, without arguments. */
export function fixtureTool(
  name: string,
  handler: (args: object, call: ToolCall) => ToolResult | Promise<ToolResult>,
): ProtectedTool {
  return protectTool({
    name,
    description: `Conformance fixture: ${name}`,
    scopes: [],
    inputSchema: z.object({}),
    handler,
  })
}

async function reportByLog({ context }: ToolCall): Promise<ToolResult> {
  for (const message of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
    await context.mcpReq.log('info', message)
    await pause(50)
  }
  return text('Reported three times by log.')
}

async function reportProgress({ context }: ToolCall): Promise<ToolResult> {
  const { progressToken } = context.mcpReq._meta ?? {}
  for (const progress of [0, 50, 100]) {
    if (progressToken !== undefined) {
      await context.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } })
    }
    await pause(50)
  }
  return text('Reported progress three times.')
}
