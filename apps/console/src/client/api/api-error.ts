/** A part of the stack answered with an error, or did not answer. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** Status of the answer; 0 when there was none. */
  readonly status: number
  /** Scopes that the challenge of a 403 names (RFC 6750 section 3.1). */
  readonly missingScopes: readonly string[]

  constructor(status: number, message: string, missingScopes: readonly string[] = []) {
    super(message)
    this.status = status
    this.missingScopes = missingScopes
  }
}

/** Makes an {@link ApiError} of an answer that is not a success. */
export async function readApiError(response: Response): Promise<ApiError> {
  const challenge = response.headers.get('www-authenticate') ?? ''
  const scopes = /\bscope="([^"]*)"/.exec(challenge)?.[1]?.split(' ') ?? []
  const description = /\berror_description="([^"]*)"/.exec(challenge)?.[1]
  const body: unknown = await response.json().catch(() => undefined)
  return new ApiError(response.status, messageOf(body) ?? description ?? statusWords(response.status), scopes)
}

function messageOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  for (const member of ['error_description', 'message', 'detail', 'error']) {
    const value: unknown = Reflect.get(body, member)
    if (typeof value === 'string') return value
  }
  return undefined
}

function statusWords(status: number): string {
  const words: Readonly<Record<number, string>> = {
    401: 'The access token was not accepted',
    403: 'You may not see this',
    404: 'There is no such record',
    429: 'Too many requests at once',
    503: 'The part is not ready',
  }
  return words[status] ?? `The answer was ${status}`
}
