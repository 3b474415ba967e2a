import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import type { PolicySchema } from './build-schema.ts'
import { type CedarRequest, requiredAttributes } from './cedar-request.ts'
import type { ToolDescription } from './policy-model.ts'
import { createMemory } from './remembered.ts'
import { type RowFilter, residualsToRowFilter, type SqlOptions } from './row-filter.ts'
import type { PolicyStanding } from './what-if.ts'

/** What the policies say, before anything is explained. */
export interface Evaluation {
  allowed: boolean
  /** Policies that permitted, or that forbade; none for a denial by default. */
  reasons: readonly string[]
  /** Policies that could not be evaluated; one is enough to deny. */
  errors: readonly string[]
}

const rememberedAnswers = 10_000

/** Asks Cedar, and remembers answers by all that the policies can see. */
export function createEvaluator({ model }: PolicySchema) {
  const rememberEvaluation = createMemory<Evaluation>(rememberedAnswers)
  const rememberResiduals = createMemory<cedar.ResidualResponse>(1000)

  function one(request: CedarRequest, resource: cedar.EntityJson): Evaluation {
    const key = `${request.key}${JSON.stringify([resource.uid, resource.attrs])}`
    return rememberEvaluation(key, () => askOne(request, resource))
  }

  function residuals(request: CedarRequest): cedar.ResidualResponse {
    return rememberResiduals(request.key, () => askAny(request))
  }

  function rowFilter(request: CedarRequest, resourceType: string, options: SqlOptions): RowFilter {
    const description = model.resourceTypes[resourceType] ?? { attributes: {} }
    const present = requiredAttributes(resourceType, model, request.slice)
    return residualsToRowFilter(residuals(request), resourceType, description, options, present)
  }

  /** Whether any record could be allowed, for a call that names none. */
  function any(request: CedarRequest, { resourceType }: ToolDescription): Evaluation {
    return rememberEvaluation(`${request.key} any`, () => {
      const description = model.resourceTypes[resourceType] ?? { attributes: {} }
      const response = residuals(request)
      const filterOf = (open: cedar.ResidualResponse) => residualsToRowFilter(open, resourceType, description)
      const reaches = (name: string, policy: cedar.PolicyJson) =>
        filterOf({ ...response, residuals: { [name]: { ...policy, effect: 'permit' } } })
      const entries = Object.entries(response.residuals)
      const allowed = filterOf(response) !== 'none'
      const reasons = entries
        .filter(([, { effect }]) => effect === (allowed ? 'permit' : 'forbid'))
        .filter(([name, policy]) => (allowed ? reaches(name, policy) !== 'none' : reaches(name, policy) === 'all'))
      return { allowed, reasons: reasons.map(([name]) => name).sort(), errors: response.errored }
    })
  }

  /** How each policy of the slice stands to a call; the others are about other callers or tools. */
  function standings(request: CedarRequest, resourceType: string, resource: cedar.EntityJson | undefined) {
    const description = model.resourceTypes[resourceType] ?? { attributes: {} }
    const response = askAny(request, resource)
    const found = new Map<string, PolicyStanding['standing']>()
    for (const [name, policy] of Object.entries(response.residuals)) {
      const alone = { ...response, errored: [], residuals: { [name]: { ...policy, effect: 'permit' as const } } }
      const rows = residualsToRowFilter(alone, resourceType, description)
      found.set(name, rows === 'all' ? 'applies' : rows === 'none' ? 'condition missing' : 'on some records')
    }
    for (const name of response.errored) found.set(name, 'cannot be evaluated')
    return found
  }

  return { one, any, rowFilter, standings }
}

function askOne(request: CedarRequest, resource: cedar.EntityJson): Evaluation {
  const answer = cedar.statefulIsAuthorized({
    principal: request.principal.uid,
    action: request.action,
    resource: resource.uid,
    context: request.context,
    entities: withResource(request, resource),
    preparsedPolicySetId: request.slice.preparedId,
    validateRequest: false,
  })
  if (answer.type === 'failure') throw new Error(answer.errors.map((error) => error.message).join('; '))
  const { decision, diagnostics } = answer.response
  const errors = diagnostics.errors.map((error) => error.policyId).sort()
  return { allowed: decision === 'allow' && errors.length === 0, reasons: diagnostics.reason.sort(), errors }
}

function askAny(request: CedarRequest, resource?: cedar.EntityJson): cedar.ResidualResponse {
  const answer = cedar.isAuthorizedPartial({
    principal: request.principal.uid,
    action: request.action,
    resource: resource?.uid ?? null,
    context: request.context,
    entities: resource === undefined ? request.entities : withResource(request, resource),
    policies: { staticPolicies: request.slice.policies },
  })
  if (answer.type === 'failure') throw new Error(answer.errors.map((error) => error.message).join('; '))
  return answer.response
}

function withResource({ entities }: CedarRequest, resource: cedar.EntityJson): cedar.EntityJson[] {
  return Object.keys(resource.attrs).length === 0 ? entities : [...entities, resource]
}
