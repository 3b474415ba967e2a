import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import type { PolicySchema } from './build-schema.ts'
import type { PolicyFiles } from './policy-files.ts'

/** One policy of a set that was found to be right. */
export interface Policy {
  name: string
  text: string
  effect: 'permit' | 'forbid'
  /** What a person is told when this policy is why a call was refused: the annotation `@refusal`. */
  refusal: string | undefined
  json: cedar.PolicyJson
}

/** A policy set that was parsed, checked against the schema and prepared for decisions. */
export interface PolicySet {
  version: string
  policies: ReadonlyMap<string, Policy>
  /** Name under which Cedar keeps the prepared set. */
  preparedId: string
  texts: Record<string, string>
}

/** A set of policies that cannot be used; `problems` names each file and what is wrong with it. */
export class PolicySetError extends TypeError {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`the policies cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.name = 'PolicySetError'
    this.problems = problems
  }
}

/**
 * Parses policies, checks them against the schema, and prepares them for decisions.
 *
 * One policy a file; its `@id` is the file's name. A `forbid`, and a `permit` with a condition on the record or the
 * context, says in `@refusal` what a person is told whom it stops; `@refusal("")` keeps a permit out of explanations.
 * Warnings of the validator count as errors.
 *
 * @throws {PolicySetError} Any of that does not hold; every problem is listed.
 */
export function buildPolicySet(files: PolicyFiles, schema: PolicySchema, preparedId: string): PolicySet {
  const problems: string[] = []
  const policies = new Map<string, Policy>()
  for (const [name, text] of files.texts) {
    const result = parsePolicy(name, text)
    if ('problem' in result) problems.push(`${name}.cedar: ${result.problem}`)
    else policies.set(name, result)
  }
  if (problems.length > 0) throw new PolicySetError(problems)
  const texts = Object.fromEntries(files.texts)
  problems.push(...validationProblems(texts, schema))
  if (problems.length > 0) throw new PolicySetError(problems)
  const prepared = cedar.preparsePolicySet(preparedId, { staticPolicies: texts })
  if (prepared.type === 'failure') throw new PolicySetError(prepared.errors.map((error) => error.message))
  return { version: files.version, policies, preparedId, texts }
}

function parsePolicy(name: string, text: string): Policy | { problem: string } {
  const parts = cedar.policySetTextToParts(text)
  if (parts.type === 'failure') return { problem: parts.errors.map(describe).join('; ') }
  if (parts.policies.length !== 1 || parts.policy_templates.length > 0)
    return { problem: 'must hold exactly one policy' }
  const parsed = cedar.policyToJson(text)
  if (parsed.type === 'failure') return { problem: parsed.errors.map(describe).join('; ') }
  const { json } = parsed
  const annotations = json.annotations ?? {}
  if (annotations.id !== name) return { problem: `must begin with @id("${name}")` }
  const refusal = annotations.refusal
  if (refusal === '' && json.effect === 'forbid') return { problem: 'a forbid needs a @refusal that says something' }
  if (refusal === undefined && needsRefusal(json))
    return { problem: 'needs @refusal("…"), a sentence for whom it stops' }
  return { name, text, effect: json.effect, refusal, json }
}

function needsRefusal(json: cedar.PolicyJson): boolean {
  if (json.effect === 'forbid') return true
  const conditions = JSON.stringify(json.conditions)
  return conditions.includes('{"Var":"resource"}') || conditions.includes('{"Var":"context"}')
}

function validationProblems(texts: Record<string, string>, schema: PolicySchema): string[] {
  const answer = cedar.validate({ schema: schema.cedar, policies: { staticPolicies: texts } })
  if (answer.type === 'failure') return answer.errors.map(describe)
  return [...answer.validationErrors, ...answer.validationWarnings].map(
    ({ policyId, error }) => `${policyId}.cedar: ${describe(error)}`,
  )
}

function describe(error: cedar.DetailedError): string {
  return error.help === null || error.help === undefined ? error.message : `${error.message} (${error.help})`
}
