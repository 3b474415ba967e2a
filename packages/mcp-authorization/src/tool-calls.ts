/** The method of a JSON-RPC message, if it has one. */
export function methodOf(message: unknown): string | undefined {
  const method = isObject(message) ? message.method : undefined
  return typeof method === 'string' ? method : undefined
}

/** The names of the tools that a message calls, or that the messages of a batch call (2025-03-26), in their order. */
export function calledTools(body: unknown): string[] {
  const messages = Array.isArray(body) ? body : [body]
  return messages.flatMap((message) => {
    if (methodOf(message) !== 'tools/call') return []
    const name = isObject(message.params) ? message.params.name : undefined
    return typeof name === 'string' ? [name] : []
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
