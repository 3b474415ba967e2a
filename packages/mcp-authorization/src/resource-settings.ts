import type { AnswerFacts } from './answer-facts.ts'
import type { ChallengeScheme } from './challenge.ts'
import { corsHeaders } from './cors.ts'
import { createHostCheck, createOriginCheck, type OriginFinding } from './host-and-origin.ts'
import { type ProtectedResourceMetadata, resourceMetadataUrl } from './protected-resource-metadata.ts'
import type { ProtectedResourceOptions } from './protected-resource-options.ts'
import { headerValues, pathOf, type RawRequest } from './raw-request.ts'
import { assertScopes, createScopeHierarchy, type ScopeHierarchy } from './scope-hierarchy.ts'

/** The options of a protected resource, checked, with their defaults. */
export interface ResourceSettings {
  /** The canonical spelling first, then the aliases. */
  readonly resources: readonly [string, ...string[]]
  readonly metadataUrl: string
  readonly scopesSupported: readonly string[]
  readonly initialScopes: readonly string[]
  readonly nameScopes: (scopes: readonly string[]) => readonly string[]
  readonly hierarchy: ScopeHierarchy
  readonly maxBodyBytes: number
  readonly clock: () => number
  /** The scheme to ask for when nothing was sent. */
  readonly scheme: ChallengeScheme
  readonly dpopAlgorithms: readonly string[] | undefined
  readonly isHostAllowed: (request: RawRequest) => boolean
  readonly findOrigin: (request: RawRequest) => OriginFinding
  /** The spelling of the resource that a request is for; the canonical one where none fits. */
  readonly findResource: (request: RawRequest) => string
  /** What goes into every answer to a request for that spelling, from a page of that origin. */
  readonly factsFor: (resource: string, origin: string | undefined) => AnswerFacts
  readonly describe: (resource: string) => ProtectedResourceMetadata
}

const DEFAULT_MAX_BODY_BYTES = 262_144

/** @throws {TypeError} An option is wrong; the message names it. */
export function readResourceSettings(options: ProtectedResourceOptions): ResourceSettings {
  const { scopesSupported, allowedOrigins = [], authorizationServers, dpop } = options
  const resources: readonly [string, ...string[]] = [options.resource, ...(options.resourceAliases ?? [])]
  for (const resource of resources) assertResource(resource)
  if (authorizationServers.length === 0) throw new TypeError('authorizationServers must name at least one issuer')
  assertScopes(scopesSupported, 'scopesSupported')
  const initialScopes = options.initialScopes ?? scopesSupported
  assertScopes(initialScopes, 'initialScopes')
  const maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES
  if (!Number.isSafeInteger(maxBodyBytes) || maxBodyBytes < 1) throw new TypeError('maxBodyBytes must be 1 or more')
  const scheme = dpop?.required === true ? 'DPoP' : 'Bearer'
  const hosts = options.allowedHosts ?? resources.map((resource) => new URL(resource).host)
  return {
    resources,
    metadataUrl: resourceMetadataUrl(options.resource),
    scopesSupported,
    initialScopes,
    nameScopes: options.nameScopes ?? ((scopes) => scopes),
    hierarchy: createScopeHierarchy(options.scopeHierarchy ?? {}),
    maxBodyBytes,
    clock: options.clock ?? (() => Date.now() / 1000),
    scheme,
    dpopAlgorithms: dpop?.algorithms,
    isHostAllowed: createHostCheck(hosts),
    findOrigin: createOriginCheck(allowedOrigins),
    findResource: createResourceFinder(resources),
    factsFor: createFacts(scheme, resources, allowedOrigins),
    describe: (resource) => describeResource(resource, options),
  }
}

function createFacts(
  scheme: ChallengeScheme,
  resources: readonly string[],
  origins: readonly string[],
): ResourceSettings['factsFor'] {
  const make = (resource: string, origin: string | undefined): AnswerFacts => ({
    scheme,
    headers: Object.freeze({ 'cache-control': 'no-store', ...corsHeaders(origin) }),
    resourceMetadata: resourceMetadataUrl(resource),
  })
  const known = new Map(
    resources.map((resource) => [
      resource,
      new Map([undefined, ...origins].map((origin) => [origin, make(resource, origin)])),
    ]),
  )
  return (resource, origin) => known.get(resource)?.get(origin) ?? make(resource, undefined)
}

/** By host and path, since a request never says its scheme. */
function createResourceFinder(resources: readonly [string, ...string[]]): ResourceSettings['findResource'] {
  const [canonical] = resources
  if (resources.length === 1) return () => canonical
  const spellings = resources.map((resource) => ({ resource, url: new URL(resource) }))
  return (request) => {
    const host = headerValues(request, 'host')[0]?.toLowerCase()
    const path = pathOf(request)
    return spellings.find(({ url }) => url.host === host && url.pathname === path)?.resource ?? canonical
  }
}

function describeResource(resource: string, options: ProtectedResourceOptions): ProtectedResourceMetadata {
  const { documentation, dpop } = options
  return {
    resource,
    authorization_servers: options.authorizationServers,
    scopes_supported: options.nameScopes?.(options.scopesSupported) ?? options.scopesSupported,
    bearer_methods_supported: ['header'],
    resource_name: documentation?.name,
    resource_documentation: documentation?.documentationUrl,
    resource_policy_uri: documentation?.policyUrl,
    resource_tos_uri: documentation?.termsUrl,
    dpop_signing_alg_values_supported: dpop?.algorithms,
    dpop_bound_access_tokens_required: dpop?.required,
  }
}

/** RFC 9728 section 1.2: a URL without fragment. Exact strings are compared, so it is written as clients will write it. */
function assertResource(resource: string): void {
  const problem = `resource must be an http or https URL without fragment, as clients will write it, found ${JSON.stringify(resource)}`
  if (!URL.canParse(resource)) throw new TypeError(problem)
  const url = new URL(resource)
  const written = url.pathname === '/' && !resource.endsWith('/') ? `${url.origin}${url.search}` : url.href
  const isOrdinary = /^https?:$/.test(url.protocol) && url.username === '' && !resource.includes('#')
  if (!isOrdinary || written !== resource) throw new TypeError(problem)
}
