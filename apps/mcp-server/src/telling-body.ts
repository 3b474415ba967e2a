import type { IncomingRequest } from '@mcp-identity/mcp-authorization'

/** The same request, which tells its body before whoever reads it goes on. */
export function tellingBody(request: IncomingRequest, onBody: (text: string | undefined) => void): IncomingRequest {
  const { method, target, rawHeaders, remoteAddress, parsedBody } = request
  return {
    method,
    target,
    rawHeaders,
    remoteAddress,
    parsedBody,
    onGone: (listener) => request.onGone(listener),
    async readBody(maxBytes) {
      const text = await request.readBody(maxBytes)
      onBody(text)
      return text
    },
  }
}
