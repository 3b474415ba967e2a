import { Temporal } from 'temporal-polyfill'
import type { PolicySchema } from './build-schema.ts'
import type { BusinessHours } from './business-hours.ts'
import type { PolicyCaller } from './caller.ts'
import { type CedarRequest, createRequestBuilder, resourceEntity } from './cedar-request.ts'
import type { LayerVerdict, PolicyCall, PolicyContext, PolicyDecision, PolicyResource } from './decision.ts'
import { createEvaluator, type Evaluation } from './evaluator.ts'
import { type Denial, explainDenial, policyError } from './explain-denial.ts'
import { askTokenLayers } from './layers.ts'
import type { ToolDescription } from './policy-model.ts'
import type { PolicySet } from './policy-set.ts'
import { createSlicer } from './policy-slice.ts'
import { createCallerMemory } from './remembered.ts'
import type { RowFilter, SqlOptions } from './row-filter.ts'
import type { PolicyStanding, WhatIf } from './what-if.ts'

export interface RowFilterRequest extends SqlOptions {
  caller: PolicyCaller
  /** The tool on whose behalf rows are read. */
  action: string
  resourceType: string
  context?: PolicyContext
}

/** Decides by one set of policies and one set of hours; a reload makes another. */
export interface Decider {
  decide(call: PolicyCall): PolicyDecision
  rowFilter(request: RowFilterRequest): RowFilter
  explainWhatIf(call: PolicyCall): WhatIf
  set: PolicySet
  hours: BusinessHours
}

export interface DeciderParts {
  set: PolicySet
  schema: PolicySchema
  clock: () => number
  hours: BusinessHours
}

export function createDecider({ set, schema, clock, hours }: DeciderParts): Decider {
  const { model } = schema
  const { tools, resourceTypes } = model
  const { version } = set
  const buildRequest = createRequestBuilder({ model, hours, clock, slice: createSlicer(set, model) })
  const evaluator = createEvaluator(schema)
  const askTokenLayersOnce = createCallerMemory((caller, name) =>
    askTokenLayers(tools[name] as ToolDescription, caller, model),
  )

  function decide(call: PolicyCall): PolicyDecision {
    const tool = Object.hasOwn(tools, call.tool) ? tools[call.tool] : undefined
    if (tool === undefined) {
      return denial({ reason: 'unknown_tool', policies: [], explanation: 'There is no such tool.' }, [])
    }
    const { verdicts, denied } = askTokenLayersOnce(call.caller, call.tool)
    if (denied !== undefined) {
      const explanation = verdicts.at(-1)?.detail ?? ''
      return denial({ reason: denied, policies: [], explanation }, verdicts)
    }
    try {
      return askPolicies(call, tool, verdicts)
    } catch {
      // Whatever a policy, a record or Cedar itself does wrong denies; the reason says that it was not a rule.
      return denial(policyError(call.tool, []), verdicts)
    }
  }

  function askPolicies(call: PolicyCall, tool: ToolDescription, before: readonly LayerVerdict[]): PolicyDecision {
    const request = buildRequest(call.tool, call.caller, call.context ?? {})
    const found = evaluate(call, tool, request)
    if (!found.allowed) {
      const why = explainDenial(call, request, found, set.policies)
      const layers: LayerVerdict[] = [...before, { layer: 'policies', outcome: 'denied', detail: why.explanation }]
      const retryAfter = found.errors.length === 0 ? whenAllowed(call, tool, request) : undefined
      return denial(why, layers, retryAfter)
    }
    const policies = [...found.reasons]
    const layers: LayerVerdict[] = [...before, { layer: 'policies', outcome: 'allowed', detail: policies.join(', ') }]
    return { outcome: 'allowed', policies, version, layers }
  }

  function evaluate(call: PolicyCall, tool: ToolDescription, request: CedarRequest): Evaluation {
    const resource = call.resource ?? onlyRecord(tool.resourceType)
    if (resource === undefined) return evaluator.any(request, tool)
    if (resource.type !== tool.resourceType) {
      throw new TypeError(`${call.tool} acts on ${tool.resourceType}, found ${resource.type}`)
    }
    return evaluator.one(request, resourceEntity(resource, model, request.slice))
  }

  /** A type without attributes stands for one thing, as `Server`, which need not be named. */
  function onlyRecord(type: string): PolicyResource | undefined {
    return Object.keys(resourceTypes[type]?.attributes ?? {}).length === 0 ? { type, id: type } : undefined
  }

  /** When only the hour was wrong: the next opening, if the call would be allowed then. */
  function whenAllowed(call: PolicyCall, tool: ToolDescription, request: CedarRequest): string | undefined {
    if (request.businessHours || !request.slice.visibility.context.has('businessHours')) return undefined
    const opening = hours.nextOpening(call.caller, call.context?.at ?? clock())
    if (opening === undefined) return undefined
    const context = { ...call.context, at: Date.parse(opening) / 1000 }
    const later = evaluate(call, tool, buildRequest(call.tool, call.caller, context))
    return later.allowed ? opening : undefined
  }

  function denial(why: Denial, layers: readonly LayerVerdict[], retryAfter?: string): PolicyDecision {
    const denied = { outcome: 'denied', ...why, version, layers } as const
    return retryAfter === undefined ? denied : { ...denied, retryAfter }
  }

  function rowFilter(request: RowFilterRequest): RowFilter {
    const { caller, action, resourceType, context = {} } = request
    const tool = Object.hasOwn(tools, action) ? tools[action] : undefined
    if (tool?.resourceType !== resourceType) return 'none'
    return evaluator.rowFilter(buildRequest(action, caller, context), resourceType, request)
  }

  function explainWhatIf(call: PolicyCall): WhatIf {
    const now = call.context?.at ?? clock()
    const { open, holiday } = hours.at(call.caller, now)
    const nextOpening = open ? undefined : hours.nextOpening(call.caller, now)
    const resourceType = tools[call.tool]?.resourceType ?? ''
    return {
      call,
      decision: decide(call),
      at: localInstant(now, call.caller.zoneinfo),
      businessHours: { open, ...(holiday && { holiday }), ...(nextOpening && { nextOpening }) },
      rows: rowFilter({ caller: call.caller, action: call.tool, resourceType, context: call.context ?? {} }),
      policies: standings(call),
    }
  }

  function standings(call: PolicyCall): PolicyStanding[] {
    const tool = Object.hasOwn(tools, call.tool) ? tools[call.tool] : undefined
    if (tool === undefined) return []
    const request = buildRequest(call.tool, call.caller, call.context ?? {})
    const resource = call.resource ?? onlyRecord(tool.resourceType)
    const entity = resource === undefined ? undefined : resourceEntity(resource, model, request.slice)
    const found = evaluator.standings(request, tool.resourceType, entity)
    return [...set.policies.values()].map(({ name, effect, refusal }) => ({
      name,
      effect,
      standing: found.get(name) ?? 'about others',
      refusal,
    }))
  }

  return { decide, rowFilter, explainWhatIf, set, hours }
}

function localInstant(seconds: number, zone: string | null | undefined): string {
  const instant = Temporal.Instant.fromEpochMilliseconds(Math.floor(seconds * 1000))
  try {
    return instant.toZonedDateTimeISO(zone ?? 'UTC').toString({ timeZoneName: 'never', smallestUnit: 'second' })
  } catch {
    return instant.toString({ smallestUnit: 'second' })
  }
}
