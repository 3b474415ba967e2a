import type { Check } from '../check.ts'
import { challengesOf, problemsOf } from '../expectations.ts'
import { sessionRequest, statelessRequest } from '../messages.ts'
import type { Subject } from '../subject.ts'

type Revision = '2025-11-25' | '2026-07-28'

const NEAR_MISSES: readonly ((scope: string) => string)[] = [
  (scope) => scope.slice(0, -1),
  (scope) => `${scope}x`,
  (scope) => scope.toUpperCase(),
  (scope) => `x${scope}`,
  () => '*',
  () => '',
]

/** Calls the tool with a token of these scopes. The session, if there is one, belongs to the same caller. */
async function callTool(subject: Subject, revision: Revision, scope: string, name = subject.tool.name) {
  const token = subject.mint({ claims: { scope } })
  const params = { name, arguments: subject.tool.arguments ?? {} }
  const full = subject.mint()
  const request =
    revision === '2026-07-28'
      ? statelessRequest('tools/call', params, token)
      : await sessionRequest(subject, 'tools/call', params, token, full)
  return subject.send(request)
}

async function servesRevision(subject: Subject, revision: Revision): Promise<boolean> {
  if (revision === '2025-11-25') return true
  return (await subject.send(statelessRequest('tools/list', {}, subject.mint()))).status === 200
}

function checksOf(revision: Revision): Check[] {
  const check = (name: string, level: Check['level'], rule: string, source: string, run: Check['run']): Check => ({
    id: `tools.${name}-${revision}`,
    rule: `${rule} (${revision})`,
    source,
    level,
    needs: ['issuer', 'tool'],
    run: async (subject) => ((await servesRevision(subject, revision)) ? run(subject) : []),
  })
  const without = (subject: Subject) => callTool(subject, revision, 'openid')
  return [
    check(
      'allowed',
      'must',
      'lets a caller with the scopes call the tool',
      'MCP authorization, "Scope Challenge Handling"',
      async (subject) =>
        problemsOf(await callTool(subject, revision, subject.tool.scopes.join(' ')), { statuses: [200] }),
    ),
    check(
      'forbidden',
      'must',
      'answers a missing scope with 403 and insufficient_scope',
      'RFC 6750 section 3.1',
      async (subject) => problemsOf(await without(subject), { statuses: [403], code: 'insufficient_scope' }),
    ),
    check(
      'all-scopes-at-once',
      'should',
      'names all scopes of the operation in one challenge',
      'MCP authorization, "Runtime Insufficient Scope Errors"',
      async (subject) => {
        const named =
          challengesOf(await without(subject))?.flatMap(
            ({ parameters }) => parameters.get('scope')?.split(' ') ?? [],
          ) ?? []
        return subject.tool.scopes.filter((scope) => !named.includes(scope)).map((scope) => `${scope} is not named`)
      },
    ),
    check(
      'metadata-in-challenge',
      'should',
      'names its metadata in that challenge',
      'MCP authorization, "Runtime Insufficient Scope Errors"',
      async (subject) => {
        const challenges = challengesOf(await without(subject)) ?? []
        return challenges.some(({ parameters }) => parameters.has('resource_metadata'))
          ? []
          : ['there is no resource_metadata']
      },
    ),
    check('near-misses', 'must', 'compares scopes to the letter', 'RFC 6749 section 3.3', async (subject) => {
      const [first = ''] = subject.tool.scopes
      const answers = await Promise.all(NEAR_MISSES.map((miss) => callTool(subject, revision, miss(first))))
      return answers.flatMap((answer, index) =>
        answer.status === 403
          ? []
          : [`the scope ${JSON.stringify(NEAR_MISSES[index]?.(first))} is answered ${answer.status}`],
      )
    }),
    check('unknown', 'must', 'survives a call of an unknown tool', 'MCP tools, "Error Handling"', async (subject) => {
      const answer = await callTool(subject, revision, subject.tool.scopes.join(' '), 'suite-canary')
      return problemsOf(answer, { statuses: [200, 400, 404] })
    }),
  ]
}

/** Scopes of a tool, in both revisions of the protocol; a server that does not serve one of them passes its checks. */
export const toolChecks: readonly Check[] = [...checksOf('2025-11-25'), ...checksOf('2026-07-28')]
