import type { Dialect } from './dialect.ts'

/** The body of an OAuth error (RFC 6749 section 5.2). */
export interface OAuthErrorBody {
  error: string
  error_description?: string
}

/** Words an error of the token endpoint as the provider does; the code stays the one of RFC 6749. */
export function wordError(
  { provider }: Dialect,
  { error, error_description: description = error }: OAuthErrorBody,
  grantType: string | undefined,
  now: Date,
): Record<string, unknown> {
  const { refusals, errorBody } = provider
  const texts: Record<string, string> = {
    invalid_grant: grantType === 'refresh_token' ? refusals.refreshEnded : refusals.codeInvalid,
    invalid_scope: refusals.unknownScope,
    invalid_target: refusals.unknownResource,
    invalid_client: refusals.clientInvalid,
  }
  const text = texts[error] ?? description
  return errorBody?.(error, text, now) ?? { error, error_description: text }
}

/** The same for an error that goes back to the client by redirect (RFC 6749 section 4.1.2.1). */
export function wordRedirect(dialect: Dialect, location: string, now: Date): string {
  if (!URL.canParse(location)) return location
  const url = new URL(location)
  const error = url.searchParams.get('error')
  if (dialect.provider.metadata.authorization_response_iss_parameter_supported !== true) url.searchParams.delete('iss')
  if (error !== null) {
    const given = { error, error_description: url.searchParams.get('error_description') ?? error }
    const { error_description: text } = wordError(dialect, given, undefined, now)
    url.searchParams.set('error_description', String(text))
  }
  return url.href
}
