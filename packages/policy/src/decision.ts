import type { PolicyCaller } from './caller.ts'

/** A record that a tool acts on: its type, its id, and the attributes that policies may ask for. More is ignored. */
export interface PolicyResource {
  type: string
  id: string
  [attribute: string]: unknown
}

/** What a decision depends on beside caller, tool and record. */
export interface PolicyContext {
  /** When, in seconds since the epoch. Default: the engine's clock. */
  at?: number
  /** The tool's arguments; policies see the scalar ones that the tool's input describes. */
  arguments?: Readonly<Record<string, unknown>>
  /** A second person approved this very call, see `createApprovals`. Default false. */
  approved?: boolean
  /** The caller is in an emergency that she declared, see `createBreakGlass`. Default false. */
  breakGlass?: boolean
}

export interface PolicyCall {
  caller: PolicyCaller
  tool: string
  /**
   * The record. Left out for a tool that lists records: then the call is allowed when any record could be, and
   * `rowFilter` says which.
   */
  resource?: PolicyResource
  context?: PolicyContext
}

/** One layer's verdict; permission is what every layer allows. */
export interface LayerVerdict {
  layer: 'scopes' | 'roles' | 'policies'
  outcome: 'allowed' | 'denied' | 'not asked'
  detail: string
}

/** Why a call was denied. */
export type DenialReason = 'unknown_tool' | 'missing_scope' | 'missing_role' | 'policy' | 'policy_error'

interface Decided {
  /** Names of the policies that decided. For a denial by default: those that would permit it under other conditions. */
  policies: string[]
  /** Version of the policy set. */
  version: string
  layers: readonly LayerVerdict[]
}

export interface AllowedDecision extends Decided {
  outcome: 'allowed'
}

export interface DeniedDecision extends Decided {
  outcome: 'denied'
  reason: DenialReason
  /** One or two sentences for the person who called. */
  explanation: string
  /** ISO instant from which the same call would be allowed, when only the hour was wrong. */
  retryAfter?: string
}

export type PolicyDecision = AllowedDecision | DeniedDecision
