import * as z from 'zod/mini'
import { mcpOrigin, type Settings } from '../settings.ts'
import type { AuthorizedFetch } from './authorized-fetch.ts'

const text = z.optional(z.string())
const strings = z._default(z.array(z.string()), [])

const policySchema = z.object({
  name: z.string(),
  effect: z.enum(['permit', 'forbid']),
  /** As it is written, in Cedar. */
  text: z.string(),
  refusal: text,
})

const attributeSchema = z.object({
  type: z.enum(['string', 'long', 'boolean']),
  optional: z._default(z.boolean(), false),
  always: z.optional(z.union([z.string(), z.number(), z.boolean()])),
})

const toolSchema = z.object({
  name: z.string(),
  scopes: strings,
  resourceType: z.string(),
  attributes: z.record(z.string(), attributeSchema),
})

const policiesSchema = z.object({
  version: z.string(),
  policies: z.array(policySchema),
  tools: z.array(toolSchema),
  /** A set that is tried beside the live one: it decides every call too, without effect. */
  candidate: z.optional(z.object({ version: z.string() })),
  /** Group of the realm → roles. Empty while the realm cannot be asked. */
  groups: z.array(z.object({ name: z.string(), roles: strings })),
})

const personSchema = z.object({
  username: z.string(),
  name: text,
  email: text,
  department: text,
  zoneinfo: text,
  country: text,
  groups: strings,
})

const decisionSchema = z.object({
  outcome: z.enum(['allowed', 'denied']),
  policies: strings,
  explanation: text,
  retryAfter: text,
  layers: z.array(z.object({ layer: z.string(), outcome: z.string(), detail: z.string() })),
})

const whatIfSchema = z.object({
  decision: decisionSchema,
  /** What the candidate set says to the same question. */
  candidate: z.optional(decisionSchema),
  /** The instant that was asked about, with the caller's offset. */
  at: z.string(),
  businessHours: z.object({ open: z.boolean(), holiday: text, nextOpening: text }),
  rows: z.union([z.string(), z.looseObject({ sql: z.string(), parameters: z.array(z.unknown()) })]),
  policies: z.array(z.object({ name: z.string(), effect: z.string(), standing: z.string() })),
})

export type PolicyText = z.infer<typeof policySchema>
export type Policies = z.infer<typeof policiesSchema>
export type PolicyTool = z.infer<typeof toolSchema>
/** Somebody that can be asked about: what a token of theirs would say. */
export type Asked = z.infer<typeof personSchema>
export type WhatIf = z.infer<typeof whatIfSchema>

export interface WhatIfQuestion {
  caller: { name?: string; department?: string; zoneinfo?: string; country?: string; groups: string[] }
  tool: string
  record?: Record<string, string | number | boolean>
  /** ISO 8601 with offset; left out: now. */
  at?: string
  approved?: boolean
  breakGlass?: boolean
}

/** The MCP server's policies, for those who may read the audit log. */
export interface PoliciesApi {
  read(): Promise<Policies>
  people(): Promise<Asked[]>
  ask(question: WhatIfQuestion, signal: AbortSignal): Promise<WhatIf>
}

export function createPoliciesApi(settings: Settings, authorizedFetch: AuthorizedFetch): PoliciesApi {
  const base = `${mcpOrigin(settings)}/policies`
  return {
    read: async () => policiesSchema.parse(await (await authorizedFetch(base)).json()),
    async people() {
      const answer: unknown = await (await authorizedFetch(`${base}/people`)).json()
      return z.object({ people: z.array(personSchema) }).parse(answer).people
    },
    async ask(question, signal) {
      const response = await authorizedFetch(`${base}/what-if`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(question),
        signal,
      })
      return whatIfSchema.parse(await response.json())
    },
  }
}
