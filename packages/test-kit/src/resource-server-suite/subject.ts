import { type MintOptions, mintAccessToken } from '../mint-access-token.ts'
import { type DpopProofOptions, mintDpopProof } from '../mint-dpop-proof.ts'
import type { ProviderDialect } from '../provider-dialects.ts'
import { exchange, type RawRequest, type ServerAnswer } from './exchange.ts'
import type { Need } from './need.ts'

/** A tool of the server under test, for the checks of scopes. */
export interface SubjectTool {
  readonly name: string
  /** All scopes that its call needs, at least one. */
  readonly scopes: readonly string[]
  readonly arguments?: Readonly<Record<string, unknown>>
}

/** How the suite reaches the server under test, and what it knows about it. */
export interface SuiteOptions {
  /** The MCP endpoint: the resource. */
  readonly url: string
  /** A good access token. Not needed when the suite is the issuer. */
  readonly token?: string | undefined
  /** The issuer that the suite plays and that the server trusts; see `startSuiteIssuer`. */
  readonly issuer?: string | undefined
  /** How the issuer words its tokens. Default `keycloak`. */
  readonly provider?: ProviderDialect | undefined
  /** The audience that the server asks for. Default: `url`. */
  readonly audience?: string | undefined
  /** Put over the claims of every token. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  readonly tool?: SubjectTool | undefined
  /** Whether the server takes sender-constrained tokens (RFC 9449). Default false. */
  readonly dpop?: boolean | undefined
  /** An origin whose pages may call the server. */
  readonly allowedOrigin?: string | undefined
  /** How long to wait for one answer, in milliseconds. Default 5000. */
  readonly timeoutMs?: number | undefined
}

/** The server under test. */
export interface Subject {
  readonly options: SuiteOptions
  readonly url: URL
  readonly tool: SubjectTool
  /** What this run can offer to checks. */
  readonly offers: ReadonlySet<Need>
  /** Sends a request; the `Host` line is added unless one is given, or `null` leaves it out. */
  send(request: Partial<RawRequest> & { readonly host?: string | null }): Promise<ServerAnswer>
  /** A good access token. */
  token(): string
  /** An access token made by the suite; a need of `issuer` makes it possible. */
  mint(options?: Partial<MintOptions>): string
  proof(options?: Partial<DpopProofOptions>): string
}

const DEFAULT_TIMEOUT_MS = 5000

/** @throws {TypeError} The address is no http or https URL. */
export function createSubject(options: SuiteOptions): Subject {
  const url = new URL(options.url)
  if (!/^https?:$/.test(url.protocol)) throw new TypeError('the address must be an http or https URL')
  const { provider = 'keycloak', audience = options.url, tool, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const now = (): number => Math.floor(Date.now() / 1000)
  const offers: [Need, boolean][] = [
    ['token', options.token !== undefined || options.issuer !== undefined],
    ['issuer', options.issuer !== undefined],
    ['tool', tool !== undefined],
    ['dpop', options.dpop === true],
    ['origin', options.allowedOrigin !== undefined],
  ]
  const scope = tool === undefined ? {} : { scope: tool.scopes.join(' ') }
  const mint: Subject['mint'] = (own = {}) => {
    if (options.issuer === undefined) throw new TypeError('only an issuer can mint')
    const claims = { ...scope, jti: `suite-${tokens++}`, ...options.claims, ...own.claims }
    return mintAccessToken({ provider, issuer: options.issuer, audience, now: now(), ...own, claims })
  }
  return {
    options,
    url,
    tool: tool ?? { name: 'none', scopes: [] },
    offers: new Set(offers.filter(([, isOffered]) => isOffered).map(([need]) => need)),
    send({ host = url.host, ...request }) {
      const { method = 'POST', target = url.pathname + url.search, headers = [], ...rest } = request
      const lines = host === null ? headers : [`Host: ${host}`, ...headers]
      return exchange(url, { method, target, headers: lines, ...rest }, timeoutMs)
    },
    token: () => options.token ?? mint(),
    mint,
    proof: (own = {}) => mintDpopProof({ method: 'POST', url: options.url, now: now(), ...own }),
  }
}

let tokens = 0
