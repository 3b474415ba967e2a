import type { ServerResponse } from 'node:http'

/**
 * `form-action` has to name where the sign-in ends: browsers apply it to the redirects after the form too, and the last
 * of them goes to the MCP client, on loopback or somewhere with https.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self' https: http://127.0.0.1:* http://localhost:*",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

/** For a page that sends itself on: it may run the scripts of this origin, and still none of anybody else's. */
export function allowOwnScript(response: ServerResponse): void {
  response.setHeader('content-security-policy', `${contentSecurityPolicy}; script-src 'self'`)
}

/** Headers that every answer has, pages, errors and JSON alike. */
export function setSecurityHeaders(response: ServerResponse, isHttps: boolean): void {
  response.setHeader('content-security-policy', contentSecurityPolicy)
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('x-frame-options', 'DENY')
  // With `no-referrer` browsers send `Origin: null` with a form, even to this origin.
  response.setHeader('referrer-policy', 'same-origin')
  response.setHeader('permissions-policy', 'camera=(), geolocation=(), microphone=()')
  response.setHeader('cross-origin-opener-policy', 'same-origin')
  if (isHttps) response.setHeader('strict-transport-security', 'max-age=63072000; includeSubDomains')
}
