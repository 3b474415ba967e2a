import type { IncomingMessage, ServerResponse } from 'node:http'
import { companyModel, type PolicyCaller, type PolicyEngine, type PolicyResource } from '@mcp-identity/policy'
import { z } from 'zod'
import { present } from '../audit-events.ts'
import type { RealmDirectory } from '../realm-directory.ts'
import { scopesOf } from '../scopes.ts'
import { type RouteHandler, sendJson } from './answers.ts'
import { type AuditorsOnlyParts, auditorsOnly } from './auditors-only.ts'
import { readJsonBody } from './read-json-body.ts'

export interface PoliciesApiParts extends AuditorsOnlyParts {
  /** A set that is tried beside the live one. Its word is told next to the other's. */
  candidate: PolicyEngine | undefined
  /** Where groups become roles and scopes. Absent: what-if questions leave the scopes out. */
  directory: RealmDirectory | undefined
  /** Issuer that callers of what-if questions come from. */
  issuer: string
}

/**
 * `GET /policies`: the policies in force, as they are written, what they decide about, and the version of a candidate. `GET /policies/people`: whom
 * the realm knows. `POST /policies/what-if`: what would be decided about a caller, a tool, a record and a time,
 * and by the candidate.
 *
 * For those who may read the audit log. A question calls nothing and is not recorded.
 */
export function policiesApi(parts: PoliciesApiParts): Map<string, RouteHandler> {
  const { engine, candidate, directory } = parts
  return new Map([
    [
      '/policies',
      auditorsOnly(parts, async (_request, response, _url, { headers }) => {
        const roles = await fromRealm(directory?.groupRoles())
        sendJson(
          response,
          200,
          { ...describePolicies(engine), ...versionOf(candidate), groups: namedRoles(roles) },
          headers,
        )
      }),
    ],
    [
      '/policies/people',
      auditorsOnly(parts, async (_request, response, _url, { headers }) => {
        sendJson(response, 200, { people: (await fromRealm(directory?.people())) ?? [] }, headers)
      }),
    ],
    [
      '/policies/what-if',
      auditorsOnly(parts, (request, response, _url, { headers }) => whatIf(parts, request, response, headers), 'POST'),
    ],
  ])
}

/** Nothing when the realm cannot be asked: policies can be read without it. */
async function fromRealm<Answer>(answer: Promise<Answer> | undefined): Promise<Answer | undefined> {
  return answer?.catch(() => undefined)
}

function namedRoles(roles: Map<string, string[]> | undefined) {
  return [...(roles ?? [])].map(([name, held]) => ({ name, roles: held }))
}

function versionOf(candidate: PolicyEngine | undefined): { candidate?: { version: string } } {
  return candidate === undefined ? {} : { candidate: { version: candidate.version } }
}

const { tools, resourceTypes } = companyModel

function describePolicies({ version, policies }: PolicyEngine) {
  return {
    version,
    policies: [...policies.values()].map(({ name, effect, text, refusal }) => ({
      name,
      effect,
      text,
      ...present({ refusal: refusal === '' ? undefined : refusal }),
    })),
    tools: Object.entries(tools).map(([name, { resourceType }]) => ({
      name,
      scopes: scopesOf(name),
      resourceType,
      attributes: resourceTypes[resourceType]?.attributes ?? {},
    })),
  }
}

const text = z.string().min(1).max(255)
const questionSchema = z.strictObject({
  caller: z.strictObject({
    kind: z.enum(['person', 'service']).default('person'),
    subject: text.default('somebody'),
    clientId: text.default('mcp-cli'),
    name: text.optional(),
    email: text.optional(),
    department: text.optional(),
    groups: z.array(text).max(200).default([]),
    zoneinfo: text.optional(),
    country: text.optional(),
    /** Left out: those that the realm gives to the groups. */
    scopes: z.array(text).max(50).optional(),
  }),
  tool: text,
  /** Attributes of one record. Left out: any record. */
  record: z.record(text, z.union([z.string().max(255), z.number(), z.boolean()])).optional(),
  /** ISO 8601 with offset. Left out: now. */
  at: z.iso.datetime({ offset: true }).optional(),
  approved: z.boolean().default(false),
  breakGlass: z.boolean().default(false),
})

async function whatIf(
  { engine, candidate, directory, issuer }: PoliciesApiParts,
  request: IncomingMessage,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const read = questionSchema.safeParse(await readJsonBody(request))
  if (!read.success) return sendProblems(response, read.error.issues.map(describeIssue), headers)
  const { tool, at, approved, breakGlass, record } = read.data
  const resourceType = Object.hasOwn(tools, tool) ? tools[tool]?.resourceType : undefined
  if (resourceType === undefined) return sendProblems(response, [`there is no tool ${tool}`], headers)
  const problems = recordProblems(record ?? {}, resourceTypes[resourceType]?.attributes ?? {}, resourceType)
  if (problems.length > 0) return sendProblems(response, problems, headers)
  const roles = await fromRealm(directory?.groupRoles())
  const caller = callerOf({ ...read.data.caller, issuer }, roles)
  const resource: PolicyResource | undefined = record && { ...record, type: resourceType, id: 'example' }
  const context = { approved, breakGlass, ...(at === undefined ? {} : { at: Date.parse(at) / 1000 }) }
  const question = { caller, tool, context, ...(resource && { resource }) }
  const other = candidate?.explainWhatIf(question).decision
  sendJson(response, 200, { ...engine.explainWhatIf(question), ...present({ candidate: other }) }, headers)
}

/** Roles come with the groups; where they bear the names of scopes, a token of this caller can hold those scopes. */
function callerOf(caller: PolicyCaller, groupRoles: Map<string, string[]> | undefined): PolicyCaller {
  if (groupRoles === undefined) return caller
  const roles = [...new Set((caller.groups ?? []).flatMap((group) => groupRoles.get(group) ?? []))]
  return { ...caller, roles, liveRoles: roles, scopes: caller.scopes ?? roles }
}

function recordProblems(
  record: Readonly<Record<string, unknown>>,
  attributes: Readonly<Record<string, { type: string; optional?: boolean; always?: unknown }>>,
  resourceType: string,
): string[] {
  const wrong = Object.entries(record).flatMap(([name, value]) => {
    const wanted = Object.hasOwn(attributes, name) ? attributes[name]?.type : undefined
    if (wanted === undefined) return [`${resourceType} has no attribute ${name}`]
    return typeof value === (wanted === 'long' ? 'number' : wanted) ? [] : [`${name} must be a ${wanted}`]
  })
  const isGiven = Object.keys(record).length > 0
  const missing = Object.entries(attributes).flatMap(([name, { optional = false, always }]) =>
    isGiven && !optional && always === undefined && !Object.hasOwn(record, name) ? [`${name} must be given`] : [],
  )
  return [...wrong, ...missing]
}

function describeIssue({ path, message }: { path: PropertyKey[]; message: string }): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`
}

function sendProblems(response: ServerResponse, problems: string[], headers: Readonly<Record<string, string>>): void {
  const content = { error: 'invalid_request', error_description: problems.join('; '), problems }
  sendJson(response, 400, content, headers)
}
