import { fileURLToPath } from 'node:url'
import { buildSchema, type PolicySchema } from './build-schema.ts'
import { type BusinessHours, loadBusinessHours } from './business-hours.ts'
import { companyModel } from './company-model.ts'
import { createDecider, type Decider, type RowFilterRequest } from './decider.ts'
import type { PolicyCall, PolicyDecision } from './decision.ts'
import { type MaskedRow, type MaskRequest, maskFields } from './field-masking.ts'
import { readPolicyFiles } from './policy-files.ts'
import { seeField } from './policy-model.ts'
import { buildPolicySet, type Policy } from './policy-set.ts'
import type { RowFilter } from './row-filter.ts'
import type { WhatIf } from './what-if.ts'

/** Folder of the demonstration's policies. */
export const companyPoliciesDirectory: string = fileURLToPath(new URL('../policies', import.meta.url))

export interface LoadPoliciesOptions {
  /** Folder with `*.cedar`, `business-hours.json` and `holidays/*.json`. Default: the demonstration's. */
  directory?: string
  /** What policies can speak of, see {@link buildSchema}. Default: the demonstration's tools and records. */
  schema?: PolicySchema
  /** Seconds since the epoch, for business hours. Default: the system's clock. */
  clock?: () => number
  /** Told of every reload, so that it reaches the audit log; a refused one should wake someone. */
  onReload?: (result: PolicyReload) => void
}

/** What came of reading the files again. */
export type PolicyReload =
  | { outcome: 'unchanged'; version: string }
  | { outcome: 'reloaded'; version: string; previousVersion: string }
  | { outcome: 'refused'; version: string; problem: string }

export interface PolicyEngine {
  /** Decides one call. Never throws: whatever goes wrong denies, with the reason `policy_error`. */
  decide(call: PolicyCall): PolicyDecision
  /**
   * The rows of a type of record that `decide` would allow one by one, as a condition for a WHERE clause.
   *
   * @throws {UnfilterablePolicyError} A policy in question cannot be put into SQL; treat it as `none`.
   */
  rowFilter(request: RowFilterRequest): RowFilter
  /** What `decide` would say and why, policy by policy. For people who ask, not for the path of a call. */
  explainWhatIf(call: PolicyCall): WhatIf
  /** Leaves out the fields of a record that the caller may not see, by their classification in the model. */
  maskFields<Row extends object>(request: MaskRequest<Row>): MaskedRow<Row>
  /** Reads the files again. New ones take effect at once and together; if any is wrong, the old set stays. */
  reload(): PolicyReload
  /** Version of the policy set in force. */
  readonly version: string
  /** The policies in force, by name. */
  readonly policies: ReadonlyMap<string, Policy>
  readonly hours: BusinessHours
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
  const engine = ++enginesMade
  let loads = 0

  function load(): Decider {
    // Cedar keeps prepared sets by name: two names a engine take turns, so that a refused set never replaces a good one.
    const files = readPolicyFiles(directory)
    const hours = loadBusinessHours(directory)
    const set = buildPolicySet(files, schema, `engine-${engine}-${loads % 2}`)
    loads += 1
    return createDecider({ set, schema, clock, hours })
  }

  let current = load()

  function reload(): PolicyReload {
    const previousVersion = current.set.version
    try {
      current = load()
    } catch (cause) {
      return { outcome: 'refused', version: previousVersion, problem: (cause as Error).message }
    }
    const { version } = current.set
    if (version === previousVersion) return { outcome: 'unchanged', version }
    return { outcome: 'reloaded', version, previousVersion }
  }

  return {
    decide: (call) => current.decide(call),
    rowFilter: (request) => current.rowFilter(request),
    maskFields: (request) =>
      maskFields(request, schema.model, (caller, classification, context) => {
        const resource = { type: 'Field', id: classification, classification }
        return current.decide({ caller, tool: seeField, resource, context })
      }),
    explainWhatIf: (call) => current.explainWhatIf(call),
    reload() {
      const result = reload()
      options.onReload?.(result)
      return result
    },
    get version() {
      return current.set.version
    },
    get policies() {
      return current.set.policies
    },
    get hours() {
      return current.hours
    },
    schema,
  }
}
