/** What the authorization server says about an access token now (RFC 7662), with the claims that Keycloak recomputes. */
export type Introspection =
  | { outcome: 'inactive' }
  | {
      outcome: 'active'
      roles: readonly string[]
      groups: readonly string[] | undefined
      department: string | undefined
      zoneinfo: string | undefined
      country: string | undefined
    }

export interface Introspector {
  /** @throws {IntrospectionFailedError} No answer, or one that cannot be used: nothing is known, so nothing is allowed. */
  introspect(compactToken: string): Promise<Introspection>
}

/** The authorization server could not be asked. */
export class IntrospectionFailedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'IntrospectionFailedError'
  }
}

export interface IntrospectorOptions {
  issuer: string
  /** The resource server as client: its id is the audience whose roles count. */
  clientId: string
  clientSecret: string
  /** Where this process reaches it; its introspection endpoint lies below. Default: that of the issuer. */
  tokenEndpoint?: string | undefined
  timeoutMs?: number
  fetch?: typeof fetch
}

/** Introspects tokens at a Keycloak realm. Keeps nothing: each question is asked anew. */
export function createIntrospector(options: IntrospectorOptions): Introspector {
  const { issuer, clientId, clientSecret, timeoutMs = 2_000, fetch: send = fetch } = options
  const endpoint = `${options.tokenEndpoint ?? `${issuer}/protocol/openid-connect/token`}/introspect`

  async function introspect(compactToken: string): Promise<Introspection> {
    const answer = await ask(compactToken)
    if (answer.active === false) return { outcome: 'inactive' }
    if (answer.active !== true) throw new IntrospectionFailedError('the introspection answer does not say "active"')
    return {
      outcome: 'active',
      roles: strings(member(member(answer.resource_access, clientId), 'roles')) ?? [],
      groups: strings(answer.groups),
      department: text(answer.department),
      zoneinfo: text(answer.zoneinfo),
      country: text(answer.country),
    }
  }

  async function ask(compactToken: string): Promise<Record<string, unknown>> {
    try {
      const response = await send(endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: new URLSearchParams({ token: compactToken, client_id: clientId, client_secret: clientSecret }),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
      if (response.status !== 200) {
        await response.body?.cancel()
        throw new IntrospectionFailedError(`introspection at ${issuer} answered ${response.status}`)
      }
      return (await response.json()) as Record<string, unknown>
    } catch (cause) {
      if (cause instanceof IntrospectionFailedError) throw cause
      throw new IntrospectionFailedError(`introspection at ${issuer} failed`, { cause })
    }
  }

  return { introspect }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}

function strings(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
