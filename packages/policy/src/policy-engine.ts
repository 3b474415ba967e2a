import { fileURLToPath } from 'node:url'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { buildSchema, type PolicySchema, scalarInputs } from './build-schema.ts'
import { type BusinessHours, loadBusinessHours } from './business-hours.ts'
import { callerEntity, type PolicyCaller } from './caller.ts'
import { companyModel } from './company-model.ts'
import type {
  DeniedDecision,
  LayerVerdict,
  PolicyCall,
  PolicyContext,
  PolicyDecision,
  PolicyResource,
} from './decision.ts'
import { readPolicyFiles } from './policy-files.ts'
import { groupsPermitted, headMatches } from './policy-heads.ts'
import type { AttributeType, ToolDescription } from './policy-model.ts'
import { buildPolicySet, type Policy, type PolicySet } from './policy-set.ts'
import { type RowFilter, residualsToRowFilter, type SqlOptions } from './row-filter.ts'
import { includedScopes } from './scope-hierarchy.ts'

/** Folder of the demonstration's policies. */
export const companyPoliciesDirectory: string = fileURLToPath(new URL('../policies', import.meta.url))

export interface LoadPoliciesOptions {
  /** Folder with `*.cedar`, `business-hours.json` and `holidays/*.json`. Default: the demonstration's. */
  directory?: string
  /** What policies can speak of, see {@link buildSchema}. Default: the demonstration's tools and records. */
  schema?: PolicySchema
  /** Seconds since the epoch, for business hours. Default: the system's clock. */
  clock?: () => number
}

export interface RowFilterRequest extends SqlOptions {
  caller: PolicyCaller
  /** The tool on whose behalf rows are read. */
  action: string
  resourceType: string
  context?: PolicyContext
}

export interface PolicyEngine {
  /** Decides one call. Never throws: whatever goes wrong denies, with the reason `policy_error`. */
  decide(call: PolicyCall): PolicyDecision
  /**
   * The rows of a type of record that `decide` would allow one by one, as a condition for a WHERE clause.
   *
   * @throws {UnfilterablePolicyError} A policy in question cannot be put into SQL; treat it as `none`.
   */
  rowFilter(request: RowFilterRequest): RowFilter
  /** Version of the policy set in force. */
  readonly version: string
  /** The policies in force, by name. */
  readonly policies: ReadonlyMap<string, Policy>
  readonly schema: PolicySchema
}

let enginesMade = 0

/**
 * Loads the policies of a folder and makes an engine of them.
 *
 * Needs no network and keeps nothing on disk. Business hours are computed outside Cedar, in the caller's time zone and
 * with the holidays of her country, and reach policies as `context.businessHours`.
 *
 * @throws {PolicySetError} A policy is malformed, does not fit the schema, or lacks its name or refusal.
 * @throws {TypeError} The folder, the hours or the holidays cannot be read.
 */
export function loadPolicies(options: LoadPoliciesOptions = {}): PolicyEngine {
  const directory = options.directory ?? companyPoliciesDirectory
  const schema = options.schema ?? buildSchema(companyModel)
  const clock = options.clock ?? (() => Date.now() / 1000)
  const set = buildPolicySet(readPolicyFiles(directory), schema, `policies-${++enginesMade}`)
  return createEngine({ set, schema, clock, hours: loadBusinessHours(directory) })
}

interface EngineParts {
  set: PolicySet
  schema: PolicySchema
  clock: () => number
  hours: BusinessHours
}

function createEngine({ set, schema, clock, hours }: EngineParts): PolicyEngine {
  const { tools, resourceTypes, scopeHierarchy } = schema.model
  const inputs = new Map(Object.entries(tools).map(([name, { input }]) => [name, scalarInputs(input)]))

  /** Everything of a call that Cedar is told. */
  function cedarCall(tool: string, { groups = [] }: ToolDescription, caller: PolicyCaller, context: PolicyContext) {
    const action = { type: 'Action', id: tool }
    const principal = callerEntity(caller)
    const businessHours = hours.at(caller, context.at ?? clock()).open
    return {
      principal,
      action,
      actions: new Set([tool, ...groups]),
      entities: [principal, { uid: action, attrs: {}, parents: groups.map((id) => ({ type: 'Action', id })) }],
      context: {
        businessHours,
        scopes: [...includedScopes(caller.scopes ?? [], scopeHierarchy)],
        arguments: scalarArguments(inputs.get(tool), context.arguments),
      },
    }
  }

  function evaluate(asked: ReturnType<typeof cedarCall>, resource: cedar.EntityJson): Evaluation {
    const answer = cedar.statefulIsAuthorized({
      principal: asked.principal.uid,
      action: asked.action,
      resource: resource.uid,
      context: asked.context,
      entities: [...asked.entities, resource],
      preparsedPolicySetId: set.preparedId,
      validateRequest: false,
    })
    if (answer.type === 'failure') throw new Error(answer.errors.map((error) => error.message).join('; '))
    const { decision, diagnostics } = answer.response
    const errors = diagnostics.errors.map((error) => error.policyId)
    return { allowed: decision === 'allow' && errors.length === 0, reasons: diagnostics.reason, errors }
  }

  function residuals(asked: ReturnType<typeof cedarCall>): cedar.ResidualResponse {
    const answer = cedar.isAuthorizedPartial({
      principal: asked.principal.uid,
      action: asked.action,
      resource: null,
      context: asked.context,
      entities: asked.entities,
      policies: { staticPolicies: set.texts },
    })
    if (answer.type === 'failure') throw new Error(answer.errors.map((error) => error.message).join('; '))
    return answer.response
  }

  function rowFilter(request: RowFilterRequest): RowFilter {
    const { caller, action, resourceType, context = {} } = request
    const tool = Object.hasOwn(tools, action) ? tools[action] : undefined
    const description = Object.hasOwn(resourceTypes, resourceType) ? resourceTypes[resourceType] : undefined
    if (tool === undefined || description === undefined || tool.resourceType !== resourceType) return 'none'
    return residualsToRowFilter(residuals(cedarCall(action, tool, caller, context)), resourceType, description, request)
  }

  /** A call that names no record is allowed when some record could be. */
  function evaluateList(asked: ReturnType<typeof cedarCall>, tool: ToolDescription): Evaluation {
    const description = resourceTypes[tool.resourceType] ?? { attributes: {} }
    const response = residuals(asked)
    const open = (name: string, policy: cedar.PolicyJson): boolean =>
      residualsToRowFilter(
        { ...response, residuals: { [name]: { ...policy, effect: 'permit' } } },
        tool.resourceType,
        description,
      ) !== 'none'
    const decides = (name: string, policy: cedar.PolicyJson): boolean =>
      residualsToRowFilter(
        { ...response, residuals: { [name]: { ...policy, effect: 'permit' } } },
        tool.resourceType,
        description,
      ) === 'all'
    const filter = residualsToRowFilter(response, tool.resourceType, description)
    const entries = Object.entries(response.residuals)
    if (filter !== 'none') {
      const permits = entries.filter(([name, policy]) => policy.effect === 'permit' && open(name, policy))
      return { allowed: true, reasons: permits.map(([name]) => name), errors: [] }
    }
    const forbids = entries.filter(([name, policy]) => policy.effect === 'forbid' && decides(name, policy))
    return { allowed: false, reasons: forbids.map(([name]) => name), errors: response.errored }
  }

  function decideByPolicies(call: PolicyCall, tool: ToolDescription, layers: LayerVerdict[]): PolicyDecision {
    const context = call.context ?? {}
    const asked = cedarCall(call.tool, tool, call.caller, context)
    const resource = call.resource ?? onlyRecord(tool.resourceType, resourceTypes)
    if (resource !== undefined && resource.type !== tool.resourceType) {
      throw new TypeError(`${call.tool} acts on ${tool.resourceType}, found ${resource.type}`)
    }
    const found = resource === undefined ? evaluateList(asked, tool) : evaluate(asked, resourceEntity(resource))
    if (found.allowed) {
      const detail = found.reasons.join(', ')
      const allowed: LayerVerdict = { layer: 'policies', outcome: 'allowed', detail }
      return { outcome: 'allowed', policies: found.reasons, version: set.version, layers: [...layers, allowed] }
    }
    const denial = explainDenial(call, asked, found)
    const verdict: LayerVerdict = { layer: 'policies', outcome: 'denied', detail: denial.explanation }
    return { outcome: 'denied', ...denial, version: set.version, layers: [...layers, verdict] }
  }

  type Denial = Pick<DeniedDecision, 'reason' | 'policies' | 'explanation' | 'retryAfter'>

  function explainDenial(call: PolicyCall, asked: ReturnType<typeof cedarCall>, found: Evaluation): Denial {
    if (found.errors.length > 0) {
      const explanation = `${call.tool} is refused because a policy could not be evaluated.`
      return { reason: 'policy_error', policies: found.errors, explanation }
    }
    const forbids = found.reasons.flatMap((name) => set.policies.get(name) ?? [])
    const stopped =
      forbids.length > 0
        ? forbids
        : [...set.policies.values()].filter(
            (policy) =>
              policy.effect === 'permit' &&
              policy.refusal !== undefined &&
              headMatches(policy, asked.principal, asked.actions) &&
              (call.caller.groups?.length === 0 || policy.json.principal.op !== 'All'),
          )
    const policies = stopped.map((policy) => policy.name)
    if (stopped.length === 0) return { reason: 'policy', policies, explanation: nobodySays(call, asked.actions) }
    const explanation = stopped.map((policy) => policy.refusal).join(' ')
    const retryAfter = nextAllowed(call, asked.context.businessHours)
    return retryAfter === undefined
      ? { reason: 'policy', policies, explanation }
      : { reason: 'policy', policies, explanation, retryAfter }
  }

  /** When only the hour was wrong: the next opening, if the call would be allowed then. */
  function nextAllowed(call: PolicyCall, open: boolean): string | undefined {
    if (open) return undefined
    const opening = hours.nextOpening(call.caller, call.context?.at ?? clock())
    if (opening === undefined) return undefined
    const later = { ...call, context: { ...call.context, at: Date.parse(opening) / 1000 } }
    return decide(later).outcome === 'allowed' ? opening : undefined
  }

  function nobodySays({ caller, tool }: PolicyCall, actions: ReadonlySet<string>): string {
    const own = (caller.groups ?? []).filter((group) => group !== 'All Staff')
    const others = groupsPermitted(set.policies.values(), actions)
    const hint = others.length === 0 ? '' : ` It takes membership of ${eitherOf(others)}.`
    if (own.length === 0) return `No group of yours grants ${tool}.${hint}`
    return `Membership of ${inWords(own)} does not grant ${tool}.${hint}`
  }

  function decide(call: PolicyCall): PolicyDecision {
    const tool = Object.hasOwn(tools, call.tool) ? tools[call.tool] : undefined
    const denied = (denial: Denial, layers: LayerVerdict[]): PolicyDecision => ({
      outcome: 'denied',
      ...denial,
      version: set.version,
      layers,
    })
    if (tool === undefined) {
      return denied({ reason: 'unknown_tool', policies: [], explanation: 'There is no such tool.' }, [])
    }
    const layers: LayerVerdict[] = []
    try {
      const scopes = scopesVerdict(tool, call.caller, scopeHierarchy)
      layers.push(scopes)
      if (scopes.outcome === 'denied') {
        return denied({ reason: 'missing_scope', policies: [], explanation: scopes.detail }, layers)
      }
      return decideByPolicies(call, tool, layers)
    } catch {
      const explanation = `${call.tool} is refused because a policy could not be evaluated.`
      return denied({ reason: 'policy_error', policies: [], explanation }, layers)
    }
  }

  return { decide, rowFilter, version: set.version, policies: set.policies, schema }

  function resourceEntity(resource: PolicyResource): cedar.EntityJson {
    const attrs: cedar.EntityJson['attrs'] = {}
    for (const [name, { type, always }] of Object.entries(resourceTypes[resource.type]?.attributes ?? {})) {
      const value = always ?? resource[name]
      if (value === undefined || value === null) continue
      if (!hasType(value, type)) throw new TypeError(`${resource.type}.${name} must be a ${type}`)
      attrs[name] = value as cedar.CedarValueJson
    }
    return { uid: { type: resource.type, id: resource.id }, attrs, parents: [] }
  }
}

interface Evaluation {
  allowed: boolean
  reasons: string[]
  errors: string[]
}

function scopesVerdict(
  { scopes }: ToolDescription,
  caller: PolicyCaller,
  hierarchy: Readonly<Record<string, readonly string[]>>,
): LayerVerdict {
  const layer = 'scopes'
  if (!Array.isArray(caller.scopes)) return { layer, outcome: 'not asked', detail: 'no scopes were given' }
  const granted = includedScopes(caller.scopes, hierarchy)
  const missing = scopes.filter((scope) => !granted.has(scope))
  if (missing.length > 0) return { layer, outcome: 'denied', detail: `The access token lacks ${inWords(missing)}.` }
  return { layer, outcome: 'allowed', detail: scopes.join(' ') }
}

/** A type without attributes stands for one thing, as `Server`, which need not be named. */
function onlyRecord(type: string, types: PolicySchema['model']['resourceTypes']): PolicyResource | undefined {
  return Object.keys(types[type]?.attributes ?? {}).length === 0 ? { type, id: type } : undefined
}

function scalarArguments(
  types: ReadonlyMap<string, AttributeType> | undefined,
  given: Readonly<Record<string, unknown>> | undefined,
): Record<string, cedar.CedarValueJson> {
  const found: Record<string, cedar.CedarValueJson> = {}
  if (types === undefined || given === undefined) return found
  for (const [name, type] of types) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    if (hasType(value, type)) found[name] = value as cedar.CedarValueJson
  }
  return found
}

function hasType(value: unknown, type: AttributeType): boolean {
  if (type === 'long') return Number.isSafeInteger(value)
  return typeof value === type
}

function eitherOf(names: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'disjunction' }).format(names)
}

function inWords(names: readonly string[]): string {
  return new Intl.ListFormat('en').format(names)
}
