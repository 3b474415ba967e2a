import type { IncomingMessage, ServerResponse } from 'node:http'
import { googleTokenInfo } from '@mcp-identity/test-kit'
import type { Provider as OpenIdProvider } from 'oidc-provider'
import type { Directory } from '../directory/directory.ts'
import { readBody, sendJson } from '../http/messages.ts'
import type { Dialect } from './dialect.ts'

const scopeNames: Readonly<Record<string, string>> = {
  openid: 'openid',
  email: 'https://www.googleapis.com/auth/userinfo.email',
  profile: 'https://www.googleapis.com/auth/userinfo.profile',
}

/** Google's answer about an opaque access token: `GET` or `POST` with `access_token`; 400 for one that it does not know. */
export function createTokenInfo({ provider }: Dialect, openIdProvider: () => OpenIdProvider, directory: Directory) {
  return async (request: IncomingMessage, response: ServerResponse, path: string): Promise<boolean> => {
    if (path !== provider.paths.tokenInfo) return false
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams
    const form =
      request.method === 'POST'
        ? new URLSearchParams(await readBody(request, ['application/x-www-form-urlencoded']))
        : query
    const token = await openIdProvider().AccessToken.find(form.get('access_token') ?? '')
    const person = token === undefined ? undefined : directory.findBySubject(token.accountId ?? '')
    if (token === undefined || !person?.active) {
      sendJson(response, 400, { error: 'invalid_token', error_description: 'Invalid Value' })
      return true
    }
    const expiresAt = token.exp ?? 0
    const scope = (token.scope ?? '').split(' ').flatMap((name) => scopeNames[name] ?? [])
    sendJson(
      response,
      200,
      googleTokenInfo(expiresAt, {
        azp: token.clientId,
        aud: token.clientId,
        sub: provider.accessToken.subject(person),
        scope: scope.join(' '),
        expires_in: String(expiresAt - Math.floor(Date.now() / 1000)),
        email: person.email,
        access_type: 'offline',
      }),
    )
    return true
  }
}
