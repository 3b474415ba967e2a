import { type Answer, jsonAnswer } from './answer.ts'
import { isPreflight, preflightAnswer } from './cors.ts'
import { createMetadataFinder } from './protected-resource-metadata.ts'
import { pathOf, type RawRequest } from './raw-request.ts'
import type { ResourceSettings } from './resource-settings.ts'

/** The answers that need no access token. */
export interface OpenAnswers {
  isEndpoint(request: RawRequest): boolean
  isMetadata(request: RawRequest): boolean
  /** Undefined: the request is not for metadata. */
  metadata(request: RawRequest): Answer | undefined
  /** Undefined: the request is no preflight for the resource. */
  preflight(request: RawRequest): Answer | undefined
}

const METADATA_HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'public, max-age=300',
  'access-control-allow-origin': '*',
}

/** Makes {@link OpenAnswers}. Paths are compared as they were sent: no other spelling is the resource. */
export function createOpenAnswers(settings: ResourceSettings): OpenAnswers {
  const findMetadata = createMetadataFinder(settings.resources, settings.describe)
  const paths = new Set(settings.resources.map((resource) => new URL(resource).pathname))
  const forbidden = jsonAnswer(403, { error: 'forbidden' })
  return {
    isEndpoint: (request) => paths.has(pathOf(request)),
    isMetadata: (request) => findMetadata(request) !== undefined,
    metadata(request) {
      const found = findMetadata(request)
      if (found === undefined) return undefined
      if (isPreflight(request)) return preflightAnswer('*')
      if (!settings.isHostAllowed(request)) return forbidden
      if (request.method === 'HEAD') return { status: 200, headers: METADATA_HEADERS }
      if (request.method === 'GET') return { status: 200, headers: METADATA_HEADERS, body: found.document }
      return jsonAnswer(405, { error: 'method_not_allowed' }, { allow: 'GET, HEAD, OPTIONS' })
    },
    preflight(request) {
      if (!isPreflight(request) || !paths.has(pathOf(request))) return undefined
      const origin = settings.findOrigin(request)
      return origin.outcome === 'allowed' && settings.isHostAllowed(request)
        ? preflightAnswer(origin.origin)
        : forbidden
    },
  }
}
