import type { IncomingMessage, ServerResponse } from 'node:http'
import { type KeySetBehaviour, type KeySetExchange, keySetBehaviours } from './key-set-behaviours.ts'
import { answerJson, listenOnLoopback } from './loopback-server.ts'
import { publicKeySet, testKeys } from './test-keys.ts'

/** What {@link serveKeySet} serves. */
export interface KeySetOptions {
  /** Default `ok`. */
  readonly behaviour?: KeySetBehaviour
  /** The document. Default: the public halves of `testKeys.rsa`, `p256` and `ed25519`. */
  readonly keySet?: unknown
  /** Path of the issuer, for instance `/realms/company`. Default none: the issuer is the origin. */
  readonly issuerPath?: string
  /** Put over the discovery document; `undefined` takes a member out. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** A key set with its discovery documents, on loopback. */
export interface KeySetServer {
  readonly origin: string
  /** The issuer that the discovery documents name. */
  readonly issuer: string
  readonly jwksUri: string
  /** How often the key set was asked for. */
  readonly keySetFetches: number
  /** How often a discovery document was asked for. */
  readonly metadataFetches: number
  /** Every path that was asked for, in order. */
  readonly requestedPaths: readonly string[]
  /** Changes what it does from the next request on. */
  behave(behaviour: KeySetBehaviour): void
  /** Changes the key set from the next request on: this is a rotation. */
  publish(keySet: unknown): void
  /** Lets requests go that came while it was `held`. */
  release(): void
  close(): Promise<void>
}

/**
 * Serves a key set (RFC 7517 section 5) and the discovery documents that lead to it (RFC 8414 section 3.1 with the path
 * inserted, OpenID Connect Discovery section 4 with it appended), and misbehaves as asked.
 *
 * The discovery documents always behave; only the key set's address misbehaves. Listens on loopback with plain http.
 */
export async function serveKeySet(options: KeySetOptions = {}): Promise<KeySetServer> {
  const { issuerPath = '', metadata = {} } = options
  const state: KeySetState = {
    behaviour: options.behaviour ?? 'ok',
    keySet: options.keySet ?? publicKeySet(testKeys.rsa, testKeys.p256, testKeys.ed25519),
    fetches: 0,
    metadataFetches: 0,
    paths: [],
    held: [],
  }
  const server = await listenOnLoopback(route)
  const issuer = `${server.origin}${issuerPath}`
  const jwksUri = `${issuer}/jwks`
  const routes = new Map([
    [`${issuerPath}/.well-known/openid-configuration`, answerMetadata],
    [`/.well-known/openid-configuration${issuerPath}`, answerMetadata],
    [`/.well-known/oauth-authorization-server${issuerPath}`, answerMetadata],
    [`${issuerPath}/jwks`, answerKeySet],
    ['/elsewhere', answerElsewhere],
  ])

  function route(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '/'
    state.paths.push(path)
    const answer = routes.get(path) ?? answerNotFound
    answer(request, response)
  }

  function answerMetadata(_request: IncomingMessage, response: ServerResponse): void {
    state.metadataFetches++
    answerJson(response, 200, { issuer, jwks_uri: jwksUri, response_types_supported: ['code'], ...metadata })
  }

  function answerKeySet(request: IncomingMessage, response: ServerResponse): void {
    state.fetches++
    const exchange: KeySetExchange = { ...state, request, response, origin: server.origin }
    if (state.behaviour === 'held') state.held.push(exchange)
    else keySetBehaviours[state.behaviour](exchange)
  }

  function answerElsewhere(_request: IncomingMessage, response: ServerResponse): void {
    answerJson(response, 200, state.keySet)
  }

  return {
    origin: server.origin,
    issuer,
    jwksUri,
    get keySetFetches() {
      return state.fetches
    },
    get metadataFetches() {
      return state.metadataFetches
    },
    get requestedPaths() {
      return state.paths
    },
    behave(behaviour) {
      state.behaviour = behaviour
    },
    publish(keySet) {
      state.keySet = keySet
    },
    release() {
      for (const exchange of state.held.splice(0)) keySetBehaviours.ok({ ...exchange, keySet: state.keySet })
    },
    close: server.close,
  }
}

interface KeySetState {
  behaviour: KeySetBehaviour
  keySet: unknown
  fetches: number
  metadataFetches: number
  readonly paths: string[]
  readonly held: KeySetExchange[]
}

function answerNotFound(_request: IncomingMessage, response: ServerResponse): void {
  answerJson(response, 404, { error: 'not_found' })
}
