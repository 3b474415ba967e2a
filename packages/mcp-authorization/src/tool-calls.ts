/** The method of a JSON-RPC message, if it has one. */
export function methodOf(message: unknown): string | undefined {
  const method = isObject(message) ? message.method : undefined
  return typeof method === 'string' ? method : undefined
}

/** The names of the tools that a message calls, or that the messages of a batch call (2025-03-26), in their order. */
export function calledTools(body: unknown): string[] {
  const messages = Array.isArray(body) ? body : [body]
  return messages.map(calledTool).filter((name) => name !== undefined)
}

function calledTool(message: unknown): string | undefined {
  if (methodOf(message) !== 'tools/call') return undefined
  const { params } = message as { params?: unknown }
  const name = isObject(params) ? params.name : undefined
  return typeof name === 'string' ? name : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
