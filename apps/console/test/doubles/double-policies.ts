import { companyModel, loadPolicies, type PolicyCaller } from '@mcp-identity/policy'
import { Hono } from 'hono'
import type { DoublePerson } from './people.ts'

/** Version of the candidate, while there is one. */
export interface DoubleCandidate {
  version: string | undefined
}

/** The MCP server's policy endpoints, over the company's real policies. */
export function createDoublePolicies(people: DoublePerson[], candidate: DoubleCandidate): Hono {
  const engine = loadPolicies()
  const app = new Hono()
  app.get('/', (context) =>
    context.json({
      version: engine.version,
      ...(candidate.version === undefined ? {} : { candidate: { version: candidate.version } }),
      policies: [...engine.policies.values()].map(({ name, effect, text, refusal }) => ({
        name,
        effect,
        text,
        ...(refusal === undefined || refusal === '' ? {} : { refusal }),
      })),
      tools: Object.entries(companyModel.tools).map(([name, { scopes, resourceType }]) => ({
        name,
        scopes,
        resourceType,
        attributes: companyModel.resourceTypes[resourceType]?.attributes ?? {},
      })),
      groups: [...new Set(people.flatMap(({ groups }) => groups))].map((name) => ({ name, roles: [] })),
    }),
  )
  app.get('/people', (context) =>
    context.json({
      people: people.map(({ username, name, email, department, zoneinfo, groups }) => ({
        subject: `sub-${username}`,
        username,
        name,
        email,
        department,
        zoneinfo,
        country: 'US',
        groups,
        isEnabled: true,
      })),
    }),
  )
  app.post('/what-if', async (context) => {
    const question = (await context.req.json()) as Question
    const resourceType = companyModel.tools[question.tool]?.resourceType ?? ''
    const caller: PolicyCaller = {
      kind: 'person',
      issuer: 'double',
      subject: 'asked',
      clientId: 'mcp-cli',
      ...question.caller,
    }
    return context.json(
      engine.explainWhatIf({
        caller,
        tool: question.tool,
        context: {
          approved: question.approved === true,
          breakGlass: question.breakGlass === true,
          ...(question.at === undefined ? {} : { at: Date.parse(question.at) / 1000 }),
        },
        ...(question.record && { resource: { ...question.record, type: resourceType, id: 'example' } }),
      }),
    )
  })
  return app
}

interface Question {
  caller: Partial<PolicyCaller>
  tool: string
  record?: Record<string, unknown>
  at?: string
  approved?: boolean
  breakGlass?: boolean
}
