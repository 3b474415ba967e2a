import type { PolicyCall, PolicyDecision } from './decision.ts'
import type { RowFilter } from './row-filter.ts'

/** How one policy stands to a call. */
export interface PolicyStanding {
  name: string
  effect: 'permit' | 'forbid'
  /** `applies`: it permits or forbids this call. `on some records`: for a call that names no record. */
  standing: 'applies' | 'on some records' | 'condition missing' | 'about others' | 'cannot be evaluated'
  refusal: string | undefined
}

/** The answer to "what if this caller did this, then?". Nothing happens and nothing is recorded. */
export interface WhatIf {
  call: PolicyCall
  decision: PolicyDecision
  /** ISO instant that was asked about, with the caller's offset where her zone is known. */
  at: string
  businessHours: { open: boolean; holiday?: string; nextOpening?: string }
  /** Which records of the tool's type the caller would reach. */
  rows: RowFilter
  policies: PolicyStanding[]
}
