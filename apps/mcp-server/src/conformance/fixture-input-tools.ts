import { randomBytes } from 'node:crypto'
import { type ProtectedTool, protectTool, type ToolCall, type ToolResult } from '@mcp-identity/mcp-authorization'
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  inputRequired,
  inputResponse,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { fixtureTool } from './fixture-tools.ts'
import { defaultsSchema, enumsSchema } from './samples.ts'

/** What a flow of several rounds has gathered so far. */
interface FlowState {
  tool: string
  name?: string
}

/** One process serves every round, so a key of its own will do. The state belongs to whom it was given to. */
const stateCodec = createRequestStateCodec<FlowState>({
  key: randomBytes(32),
  bind: (context) => JSON.stringify([context.http?.authInfo?.clientId, context.mcpReq.method]),
})

/** Verifies the state that a client sends back; for the server's options. */
export const { verify: verifyFlowState } = stateCodec

const nameSchema = z.object({ name: z.string() })
const colourSchema = z.object({ color: z.string() })
const confirmationSchema = z.object({ ok: z.boolean() })

const text = (content: string): ToolResult => ({ content: [{ type: 'text', text: content }] })
const question = (words: string, maxTokens = 100) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text: words } }], maxTokens })
const askName = (message = 'What is your name?') => inputRequired.elicit({ message, requestedSchema: nameSchema })

/** Tools that cannot go on without something from the client: name to handler. */
const askingTools: Readonly<Record<string, (call: ToolCall) => Promise<ToolResult>>> = {
  test_input_required_result_elicitation: async ({ context }) => {
    const given = acceptedContent(context.mcpReq.inputResponses, 'user_name', nameSchema)
    return given === undefined
      ? inputRequired({ inputRequests: { user_name: askName() } })
      : text(`Hello, ${given.name}!`)
  },
  test_streaming_elicitation: async ({ context }) => {
    const given = acceptedContent(context.mcpReq.inputResponses, 'user_name', nameSchema)
    return given === undefined
      ? inputRequired({ inputRequests: { user_name: askName() } })
      : text(`Hello, ${given.name}!`)
  },
  test_input_required_result_sampling: async ({ context }) => {
    const given = inputResponse(context.mcpReq.inputResponses, 'capital_question')
    if (given.kind === 'missing') {
      return inputRequired({ inputRequests: { capital_question: question('What is the capital of France?') } })
    }
    return text(`The model said: ${JSON.stringify(given)}`)
  },
  test_missing_capability: async ({ context }) => {
    const given = inputResponse(context.mcpReq.inputResponses, 'question')
    return given.kind === 'missing'
      ? inputRequired({ inputRequests: { question: question('Anything?') } })
      : text('Asked.')
  },
  test_input_required_result_list_roots: async ({ context }) => {
    const given = inputResponse(context.mcpReq.inputResponses, 'client_roots')
    if (given.kind === 'missing') return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } })
    return text(`The roots are: ${JSON.stringify(given)}`)
  },
  test_input_required_result_request_state: confirmWithState,
  test_input_required_result_tampered_state: confirmWithState,
  test_input_required_result_multiple_inputs: askThreeThings,
  test_input_required_result_multi_round: askInTwoRounds,
  test_input_required_result_capabilities: askWhatClientCan,
}

/** The tools of the conformance suite that ask the client for something. */
export function fixtureInputTools(): ProtectedTool[] {
  return [
    ...Object.entries(askingTools).map(([name, run]) => fixtureTool(name, (_args, call) => run(call))),
    protectTool({
      name: 'test_sampling',
      description: 'Conformance fixture: asks the client’s model',
      scopes: [],
      inputSchema: z.object({ prompt: z.string() }),
      handler: ({ prompt }, { context }) => {
        const given = inputResponse(context.mcpReq.inputResponses, 'answer')
        if (given.kind === 'missing') return inputRequired({ inputRequests: { answer: question(prompt) } })
        return text(`LLM response: ${JSON.stringify(given)}`)
      },
    }),
    elicitingTool('test_elicitation', 'User response', userSchema),
    elicitingTool('test_elicitation_sep1034_defaults', 'Elicitation completed', defaultsSchema),
    elicitingTool('test_elicitation_sep1330_enums', 'Elicitation completed', enumsSchema),
  ]
}

const userSchema = {
  type: 'object' as const,
  properties: {
    username: { type: 'string' as const, description: "User's response" },
    email: { type: 'string' as const, description: "User's email address" },
  },
  required: ['username', 'email'],
}

type ElicitationSchema = Parameters<typeof inputRequired.elicit>[0]['requestedSchema']

function elicitingTool(name: string, outcome: string, requestedSchema: ElicitationSchema): ProtectedTool {
  return protectTool({
    name,
    description: `Conformance fixture: ${name}`,
    scopes: [],
    inputSchema: z.object({ message: z.string().default('Please answer') }),
    handler: ({ message }, { context }) => {
      const given = inputResponse(context.mcpReq.inputResponses, 'answer')
      if (given.kind === 'missing') {
        return inputRequired({ inputRequests: { answer: inputRequired.elicit({ message, requestedSchema }) } })
      }
      const { action, content } = given as { action?: string; content?: unknown }
      return text(`${outcome}: action=${action}, content=${JSON.stringify(content ?? {})}`)
    },
  })
}

async function confirmWithState({ tool, context }: ToolCall): Promise<ToolResult> {
  const state = context.mcpReq.requestState<FlowState>()
  const given = acceptedContent(context.mcpReq.inputResponses, 'confirm', confirmationSchema)
  if (state?.tool === tool && given !== undefined) return text(`state-ok, confirmed: ${given.ok}`)
  const confirm = inputRequired.elicit({ message: 'Please confirm', requestedSchema: confirmationSchema })
  return inputRequired({ inputRequests: { confirm }, requestState: await stateCodec.mint({ tool }, context) })
}

async function askThreeThings({ tool, context }: ToolCall): Promise<ToolResult> {
  const { inputResponses } = context.mcpReq
  const answers = ['user_name', 'greeting', 'client_roots'].map((key) => inputResponse(inputResponses, key))
  if (answers.every(({ kind }) => kind !== 'missing')) return text(`All answered: ${JSON.stringify(answers)}`)
  return inputRequired({
    inputRequests: {
      user_name: askName(),
      greeting: question('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    },
    requestState: await stateCodec.mint({ tool }, context),
  })
}

async function askInTwoRounds({ tool, context }: ToolCall): Promise<ToolResult> {
  const { inputResponses } = context.mcpReq
  const state = context.mcpReq.requestState<FlowState>()
  const name = state?.name ?? acceptedContent(inputResponses, 'step1', nameSchema)?.name
  const colour = acceptedContent(inputResponses, 'step2', colourSchema)?.color
  if (name === undefined) {
    const requestState = await stateCodec.mint({ tool }, context)
    return inputRequired({ inputRequests: { step1: askName('Step 1: What is your name?') }, requestState })
  }
  if (colour === undefined) {
    const step2 = inputRequired.elicit({
      message: 'Step 2: What is your favorite color?',
      requestedSchema: colourSchema,
    })
    return inputRequired({ inputRequests: { step2 }, requestState: await stateCodec.mint({ tool, name }, context) })
  }
  return text(`${name} likes ${colour}.`)
}

/** Asks only for what the client said it can do. */
async function askWhatClientCan({ context }: ToolCall): Promise<ToolResult> {
  const { inputResponses, envelope } = context.mcpReq
  if (inputResponses !== undefined) return text('Answered.')
  const declared = envelope as { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } | undefined
  const can = declared?.[CLIENT_CAPABILITIES_META_KEY] ?? {}
  const inputRequests = {
    ...(can.elicitation === undefined ? {} : { user_name: askName() }),
    ...(can.sampling === undefined ? {} : { greeting: question('Generate a greeting', 50) }),
    ...(can.roots === undefined ? {} : { client_roots: inputRequired.listRoots() }),
  }
  return Object.keys(inputRequests).length === 0
    ? text('The client can be asked nothing.')
    : inputRequired({ inputRequests })
}
