import { headerValues, pathOf, type RawRequest } from './raw-request.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** Where the metadata of a resource is published: the well-known path put between host and path (RFC 9728 section 3.1). */
export function resourceMetadataUrl(resource: string): string {
  const url = new URL(resource)
  return `${url.origin}${WELL_KNOWN}${metadataSuffix(url)}`
}

/** A metadata document and the resource it is about. */
export interface PublishedMetadata {
  readonly resource: string
  readonly document: string
}

/** What the metadata says beside the resource itself; members keep the names of RFC 9728 section 2. */
export interface ProtectedResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported: readonly string[]
  readonly bearer_methods_supported: readonly ['header']
  readonly resource_name?: string | undefined
  readonly resource_documentation?: string | undefined
  readonly resource_policy_uri?: string | undefined
  readonly resource_tos_uri?: string | undefined
  readonly dpop_signing_alg_values_supported?: readonly string[] | undefined
  readonly dpop_bound_access_tokens_required?: boolean | undefined
}

/** Finds the metadata document that a request asks for, if it asks for one. */
export type MetadataFinder = (request: RawRequest) => PublishedMetadata | undefined

/**
 * Publishes one document for each spelling of the resource, at the path-inserted form and at the root form.
 *
 * The root form answers for the spelling whose host the request names, else for the first one, because some clients look
 * there when the path-inserted form is unknown to them. Each document names the spelling that it was asked for: a
 * client must not use metadata whose `resource` is not the one it started from (RFC 9728 section 3.3).
 */
export function createMetadataFinder(
  resources: readonly [string, ...string[]],
  describe: (resource: string) => ProtectedResourceMetadata,
): MetadataFinder {
  const published = resources.map((resource) => {
    const url = new URL(resource)
    return {
      resource,
      host: url.host.toLowerCase(),
      path: WELL_KNOWN + metadataSuffix(url),
      document: JSON.stringify(describe(resource)),
    }
  })
  return (request) => {
    const path = pathOf(request)
    if (!path.startsWith(WELL_KNOWN)) return undefined
    const host = headerValues(request, 'host')[0]?.toLowerCase()
    const matching = path === WELL_KNOWN ? published : published.filter((entry) => entry.path === path)
    return matching.find((entry) => entry.host === host) ?? matching[0]
  }
}

function metadataSuffix(resource: URL): string {
  return `${resource.pathname === '/' ? '' : resource.pathname}${resource.search}`
}
