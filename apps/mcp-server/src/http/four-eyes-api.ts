import type { IncomingMessage } from 'node:http'
import type { ProtectedResource } from '@mcp-identity/mcp-authorization'
import { ApprovalError } from '@mcp-identity/policy'
import { z } from 'zod'
import type { FourEyes } from '../four-eyes.ts'
import { InactiveTokenError, type LiveCaller, type LiveCallers } from '../live-caller.ts'
import { type RouteHandler, rawRequestOf, sendAnswer, sendJson } from './answers.ts'

export interface FourEyesApiParts {
  protectedResource: ProtectedResource
  liveCallers: LiveCallers
  fourEyes: FourEyes
}

/** What a method of a route does for a caller; its result is the answer. */
type Action = (caller: LiveCaller, body: unknown) => Promise<{ status: number; content: unknown }>

const longestBody = 4_096
const statusOf: Readonly<Record<ApprovalError['reason'], number>> = {
  unknown: 404,
  expired: 410,
  own_request: 403,
  not_a_person: 403,
  not_allowed: 403,
  already_approved: 409,
}

/**
 * `GET /approvals` lists the calls that the caller may approve, `POST /approvals` with `{"id"}` approves one.
 * `POST /emergency` with `{"justification"}` declares an emergency for the caller, `DELETE /emergency` ends it.
 *
 * Needs a token of this resource; who may approve what is up to the policies.
 */
export function fourEyesApi({ protectedResource, liveCallers, fourEyes }: FourEyesApiParts): Map<string, RouteHandler> {
  const routes: Record<string, Record<string, Action>> = {
    '/approvals': {
      GET: async (caller) => ({ status: 200, content: { waiting: await fourEyes.waitingFor(caller) } }),
      POST: async (caller, body) => ({
        status: 200,
        content: await fourEyes.approve(readBody(idBody, body).id, caller),
      }),
    },
    '/emergency': {
      POST: async (caller, body) => ({
        status: 201,
        content: await fourEyes.declareEmergency(caller, readBody(justificationBody, body).justification),
      }),
      DELETE: async (caller) => {
        await fourEyes.endEmergency(caller)
        return { status: 200, content: {} }
      },
    },
  }

  function route(actions: Record<string, Action>): RouteHandler {
    return async (request, response) => {
      const action = actions[request.method ?? '']
      if (action === undefined) {
        return sendJson(response, 405, { error: 'method_not_allowed' }, { allow: Object.keys(actions).join(', ') })
      }
      const authentication = await protectedResource.authenticate(rawRequestOf(request))
      if (authentication.outcome === 'refused') return sendAnswer(response, authentication.answer)
      const { token, compactToken, headers } = authentication
      try {
        const caller = await liveCallers.of(token, compactToken, request.method !== 'GET')
        const { status, content } = await action(caller, await jsonOf(request))
        sendJson(response, status, content, headers)
      } catch (error) {
        const { status, description } = refusalOf(error)
        sendJson(response, status, { error: 'refused', error_description: description }, headers)
      }
    }
  }

  return new Map(Object.entries(routes).map(([path, actions]) => [path, route(actions)]))
}

const idBody = z.strictObject({ id: z.uuid() })
const justificationBody = z.strictObject({ justification: z.string() })

function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const read = schema.safeParse(body)
  if (read.success) return read.data
  throw new TypeError(read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  if (request.method !== 'POST') return undefined
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > longestBody) throw new TypeError('the body is too long')
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new TypeError('the body must be JSON')
  }
}

function refusalOf(error: unknown): { status: number; description: string } {
  if (error instanceof ApprovalError) return { status: statusOf[error.reason], description: error.message }
  if (error instanceof TypeError) return { status: 400, description: error.message }
  if (error instanceof InactiveTokenError) return { status: 403, description: 'Your access has ended.' }
  return { status: 503, description: 'Your access cannot be confirmed right now.' }
}
