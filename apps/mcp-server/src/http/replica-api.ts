import { z } from 'zod'
import type { AccessReviews } from '../access-reviews.ts'
import { present } from '../audit-events.ts'
import type { AuditLogs } from '../audit-logs.ts'
import { logPageParameters } from '../log-page.ts'
import type { OpenAuditTrail } from '../open-audit-trail.ts'
import type { ReplicaQuestion, ReplicaQuestions } from '../replicas/ask-replica.ts'
import type { Replicas } from '../replicas/join-replicas.ts'
import { type RouteHandler, sendJson } from './answers.ts'
import { readJsonBody } from './read-json-body.ts'

export interface ReplicaApiParts {
  replicas: Pick<Replicas, 'whoAsks'>
  logs: Pick<AuditLogs, 'own'>
  erasures: OpenAuditTrail['erasures']
  reviews: Pick<AccessReviews, 'catchUp'>
}

type Answers = {
  [Question in ReplicaQuestion]: (body: unknown) => Promise<ReplicaQuestions[Question]['answer']>
}

const querySchema = z.strictObject({
  afterSequence: z.int().min(0).optional(),
  limit: z.int().min(1).max(1_000).optional(),
  subject: z.string().optional(),
  tool: z.string().optional(),
  outcome: z.enum(['allowed', 'refused', 'failed', 'succeeded']).optional(),
  action: z.string().optional(),
  text: z.string().optional(),
})
const proofSchema = z.strictObject({ sequence: z.int().min(1) })
const erasureSchema = z.union([
  z.strictObject({ subject: z.strictObject({ issuer: z.string(), subject: z.string() }) }),
  z.strictObject({ beforeMonth: z.string().regex(/^\d{4}-\d{2}$/) }),
])

/**
 * What this replica answers to others, below `/replicas`: pages and proofs of its own log, and what it has to do with
 * them. Whoever may be told of it was asked for by the replica that asks. To everybody else the paths do not exist.
 */
export function replicaApi(parts: ReplicaApiParts): [string, RouteHandler][] {
  const {
    replicas,
    logs: { own },
    erasures,
    reviews,
  } = parts
  const answers: Answers = {
    'audit-query': async (body) => ({ records: await own.query(present(querySchema.parse(body))) }),
    'audit-page': (body) => own.page(logPageParameters.parse(body)),
    'audit-checkpoint': () => own.checkpoint(),
    async 'audit-proof'(body) {
      const claim = await own.prove(proofSchema.parse(body).sequence)
      if (claim === undefined) return { claim: null }
      return { claim: { ...claim, proof: claim.proof.map((hash) => Buffer.from(hash).toString('base64')) } }
    },
    async erasure(body) {
      erasures?.eraseAsTold(erasureSchema.parse(body))
      return {}
    },
    async 'tool-use'() {
      await reviews.catchUp()
      return {}
    },
  }
  return Object.entries(answers).map(([question, answer]) => [
    `/replicas/${question}`,
    async (request, response) => {
      const [, assertion] = /^Bearer ([\w.-]+)$/.exec(request.headers.authorization ?? '') ?? []
      if (request.method !== 'POST' || assertion === undefined || (await replicas.whoAsks(assertion)) === undefined)
        return sendJson(response, 404, { error: 'not_found' })
      try {
        sendJson(response, 200, await answer(await readJsonBody(request)))
      } catch (error) {
        if (!(error instanceof z.ZodError)) throw error
        sendJson(response, 400, { error: 'invalid_request' })
      }
    },
  ])
}
