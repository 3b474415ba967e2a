import {
  acceptedContent,
  completable,
  inputRequired,
  type McpServer,
  ResourceTemplate,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { png } from './samples.ts'

const contextSchema = z.object({ context: z.string() })
const says = (text: string) => ({ role: 'user' as const, content: { type: 'text' as const, text } })
const suggestions = ['paris', 'park', 'party', 'test-value']
const suggest = (typed: string): string[] => suggestions.filter((word) => word.startsWith(typed))

/** Registers the resources and prompts that the MCP conformance suite asks for by name. */
export function registerFixtureDocuments(server: McpServer): void {
  registerResources(server)
  registerPrompts(server)
  // Nothing here ever changes, so there is nothing to remember about who wants to know.
  server.server.setRequestHandler('resources/subscribe', () => ({}))
  server.server.setRequestHandler('resources/unsubscribe', () => ({}))
}

function registerResources(server: McpServer): void {
  const plain = { mimeType: 'text/plain' }
  server.registerResource(
    'Static Text Resource',
    'test://static-text',
    { ...plain, description: 'A static text resource for testing' },
    ({ href }) => ({ contents: [{ uri: href, ...plain, text: 'This is the content of the static text resource.' }] }),
  )
  server.registerResource(
    'Static Binary Resource',
    'test://static-binary',
    { mimeType: 'image/png', description: 'A static binary resource (image) for testing' },
    ({ href }) => ({ contents: [{ uri: href, mimeType: 'image/png', blob: png }] }),
  )
  server.registerResource(
    'Watched Resource',
    'test://watched-resource',
    { ...plain, description: 'A resource that can be subscribed to' },
    ({ href }) => ({ contents: [{ uri: href, ...plain, text: 'Watched resource content' }] }),
  )
  server.registerResource(
    'Resource Template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { mimeType: 'application/json', description: 'A resource template with parameter substitution' },
    ({ href }, { id }) => {
      const text = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })
      return { contents: [{ uri: href, mimeType: 'application/json', text }] }
    },
  )
}

function registerPrompts(server: McpServer): void {
  server.registerPrompt('test_simple_prompt', { description: 'A prompt without arguments' }, () => ({
    messages: [says('This is a simple prompt for testing.')],
  }))
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'A prompt with required arguments',
      argsSchema: z.object({
        arg1: completable(z.string().describe('First test argument'), suggest),
        arg2: completable(z.string().describe('Second test argument'), suggest),
      }),
    },
    ({ arg1, arg2 }) => ({ messages: [says(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    {
      description: 'A prompt that embeds a resource',
      argsSchema: z.object({ resourceUri: z.string().describe('URI of the resource to embed') }),
    },
    ({ resourceUri }) => {
      const resource = { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' }
      const embedded = { role: 'user' as const, content: { type: 'resource' as const, resource } }
      return { messages: [embedded, says('Please process the embedded resource above.')] }
    },
  )
  server.registerPrompt('test_prompt_with_image', { description: 'A prompt with an image' }, () => {
    const image = { role: 'user' as const, content: { type: 'image' as const, data: png, mimeType: 'image/png' } }
    return { messages: [image, says('Please analyze the image above.')] }
  })
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'A prompt that asks the client first' },
    ({ mcpReq }) => {
      const given = acceptedContent(mcpReq.inputResponses, 'user_context', contextSchema)
      if (given !== undefined) return { messages: [says(`The context is: ${given.context}`)] }
      const message = 'What context should the prompt use?'
      return inputRequired({
        inputRequests: { user_context: inputRequired.elicit({ message, requestedSchema: contextSchema }) },
      })
    },
  )
}
