import { refuseToolCall } from '@mcp-identity/mcp-authorization'
import { frozenNow } from '@mcp-identity/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Era, eras, rpc, rpcResponse, toolCall } from './support/messages.ts'
import { type StartedServer, startServer } from './support/start-server.ts'

let server: StartedServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const withScope = (scope: string, claims = {}) => server.mint({ claims: { scope, ...claims } })
const call = (era: Era, token: string, name: string, args = {}) => fetch(server.url, toolCall(era, token, name, args))

async function listedTools(url: string, era: Era, token: string): Promise<string[]> {
  const { result } = (await rpcResponse(await fetch(url, rpc(era, token, 'tools/list')))) as {
    result: { tools: { name: string }[] }
  }
  return result.tools.map((tool) => tool.name)
}

describe.each(eras)('scopes of a tool, %s', (era) => {
  it('lets a caller through who holds them', async () => {
    const response = await call(era, withScope('read:customers'), 'get_customer', { id: '7' })
    expect(response.status).toBe(200)
    expect(await rpcResponse(response)).toMatchObject({
      id: 'request-1',
      result: { content: [{ text: 'customer 7' }] },
    })
  })

  it('lets a caller through whose broader scope implies them', async () => {
    const response = await call(era, withScope('write:customers'), 'get_customer', { id: '7' })
    expect(response.status).toBe(200)
  })

  it('lets every token of this resource call a tool that needs none', async () => {
    const response = await call(era, withScope(''), 'whoami')
    expect(await rpcResponse(response)).toMatchObject({ result: { content: [{ text: 'alice@company.com' }] } })
  })

  it('asks for all that is needed and all that is held, in one challenge', async () => {
    const response = await call(era, withScope('write:own-data openid'), 'run_report')
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_scope", error_description="The access token lacks a scope that this operation needs", ' +
        `scope="read:customers write:own-data admin:reports", resource_metadata="${server.metadataUrl}"`,
    )
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(server.refusals.at(-1)).toMatchObject({
      reason: 'insufficient_scope',
      token: { subject: expect.any(String) },
    })
  })

  it.each([
    'read:customer',
    'read:customers2',
    'READ:CUSTOMERS',
    'read:customers,admin:reports',
    'read:customers\tadmin:reports',
    ' ',
    'read',
    'read:*',
    '*',
    'customers:read',
  ])('refuses the near miss %j', async (scope) => {
    expect((await call(era, withScope(scope), 'get_customer', { id: '7' })).status).toBe(403)
  })

  it('refuses before it looks at the arguments', async () => {
    expect((await call(era, withScope(''), 'get_customer', { id: 7 })).status).toBe(403)
    const wrong = await rpcResponse(await call(era, withScope('read:customers'), 'get_customer', { id: 7 }))
    expect(wrong).toMatchObject({ result: { isError: true } })
  })
})

describe('a batch of calls (2025-03-26)', () => {
  const batch = (token: string, names: readonly string[]): RequestInit => ({
    ...rpc('2025-11-25', token, 'ping'),
    body: JSON.stringify(
      names.map((name, id) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: { id: '7' } } })),
    ),
  })

  it('is refused as a whole, with all scopes in one challenge', async () => {
    const response = await fetch(server.url, batch(withScope(''), ['whoami', 'get_customer', 'run_report']))
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toContain('scope="read:customers admin:reports"')
  })

  it('runs when each call may', async () => {
    const response = await fetch(server.url, batch(withScope('read:customers'), ['whoami', 'get_customer']))
    const text = await response.text()
    expect(text).toContain('customer 7')
    expect(text).toContain('alice@company.com')
  })
})

describe.each(eras)('step-up of the sign-in (RFC 9470), %s', (era) => {
  const challenge = () =>
    'Bearer error="insufficient_user_authentication", error_description="This operation needs a stronger or more recent sign-in", ' +
    `scope="admin:reports", acr_values="phr mfa", max_age="300", resource_metadata="${server.metadataUrl}"`

  it.each([
    ['an accepted class, just recent enough', { acr: 'mfa', auth_time: frozenNow - 300 }, 200],
    ['a sign-in one second too old', { acr: 'mfa', auth_time: frozenNow - 301 }, 401],
    ['a sign-in in the future', { acr: 'mfa', auth_time: frozenNow + 6 }, 401],
    ['a weaker class', { acr: 'pwd', auth_time: frozenNow }, 401],
    ['a list of classes', { acr: ['mfa'], auth_time: frozenNow }, 401],
    ['no class', { acr: undefined, auth_time: frozenNow }, 401],
    ['no time', { acr: 'mfa', auth_time: undefined }, 401],
    ['a time that is a string', { acr: 'mfa', auth_time: String(frozenNow) }, 401],
  ])('judges %s', async (_title, claims, status) => {
    const response = await call(era, withScope('admin:reports', claims), 'export_audit')
    expect(response.status).toBe(status)
    expect(response.headers.get('www-authenticate')).toBe(status === 401 ? challenge() : null)
  })

  it('asks for sign-in and scope at once', async () => {
    const response = await call(era, withScope('read:customers', { acr: 'pwd' }), 'export_audit')
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('scope="read:customers admin:reports"')
  })
})

describe.each(eras)('what a caller sees, %s', (era) => {
  it('shows tools that a step-up can reach', async () => {
    const tools = await listedTools(server.url, era, withScope(''))
    expect(tools).toEqual(['whoami', 'get_customer', 'delete_customer', 'run_report', 'export_audit'])
  })

  it('hides tools whose scope the caller cannot get, and what policy forbids', async () => {
    const own = await startServer({
      endpoint: {
        visibility: {
          canObtainScope: (token, scope) => token.caller.roles.includes(scope),
          isForbidden: (_token, tool) => tool === 'run_report',
        },
      },
    })
    const roles = ['write:customers', 'admin:reports']
    const token = own.mint({ claims: { scope: '', resource_access: { [own.url]: { roles } } } })
    expect(await listedTools(own.url, era, token)).toEqual([
      'whoami',
      'get_customer',
      'delete_customer',
      'export_audit',
    ])
    const reader = own.mint({ claims: { scope: 'read:customers', resource_access: {} } })
    expect(await listedTools(own.url, era, reader)).toEqual(['whoami', 'get_customer'])
    await own.close()
  })

  it('answers for a hidden tool exactly as for one that does not exist', async () => {
    const own = await startServer({
      endpoint: { visibility: { isForbidden: (_token, tool) => tool === 'run_report' } },
    })
    const answers = await Promise.all(
      ['run_report', 'no_such_one'].map(async (name) => {
        const response = await fetch(own.url, toolCall(era, own.mint(), name, { id: 1 }))
        const headers = Object.fromEntries([...response.headers].filter(([header]) => header !== 'content-length'))
        return [response.status, { ...headers, date: '' }, (await response.text()).replaceAll(name, 'NAME')]
      }),
    )
    expect(answers[0]).toEqual(answers[1])
    expect(answers[0]?.[0]).toBe(200)
    expect(String(answers[0]?.[2])).toContain('{"code":-32602,"message":"Tool NAME not found"}')
    await own.close()
  })

  it.each(['constructor', '__proto__', 'toString', 'Whoami', 'whoami ', ' whoami', 'who\u0430mi', ''])(
    'knows no tool named %j',
    async (name) => {
      const init = toolCall('2025-11-25', server.mint(), name)
      const answer = (await rpcResponse(await fetch(server.url, init))) as { error?: unknown; result?: unknown }
      expect(answer.result).toBeUndefined()
      expect(answer.error).toMatchObject({ code: -32602 })
    },
  )

  it('lists nothing for a caller who may see nothing, rather than knowing no list', async () => {
    const own = await startServer({ endpoint: { visibility: { isForbidden: () => true } } })
    expect(await listedTools(own.url, era, own.mint())).toEqual([])
    await own.close()
  })
})

describe('the list of tools', () => {
  it('is private to the caller in every cache (MCP 2026-07-28)', async () => {
    const response = await fetch(server.url, rpc('2026-07-28', server.mint(), 'tools/list'))
    expect(await rpcResponse(response)).toMatchObject({ result: { cacheScope: 'private' } })
    expect(response.headers.get('cache-control')).toBe('no-store')
  })
})

describe.each(eras)('guards, %s', (era) => {
  it('see who calls what, and what comes of it', async () => {
    const seen: unknown[] = []
    const own = await startServer({
      endpoint: {
        guard: async (toolCall, proceed) => {
          const result = await proceed()
          seen.push([toolCall.tool, toolCall.arguments, toolCall.token.caller.email, result])
          return result
        },
      },
    })
    await fetch(own.url, toolCall(era, own.mint(), 'get_customer', { id: '7', ignored: true }))
    const result = { content: [{ type: 'text', text: 'customer 7' }] }
    expect(seen).toEqual([['get_customer', { id: '7' }, 'alice@company.com', result]])
    await own.close()
  })

  it('refuse with a result that a model can act on, when no token would help', async () => {
    const refusal = refuseToolCall({
      explanation: 'Administrators act in business hours only. Try again on Monday at 09:00.',
      policies: ['administrators-only-in-business-hours'],
      retryAfter: '2026-01-05T09:00:00+01:00',
    })
    const own = await startServer({ endpoint: { guard: async () => refusal } })
    const response = await fetch(own.url, toolCall(era, own.mint(), 'delete_customer', { id: '7' }))
    expect(response.status).toBe(200)
    expect(await rpcResponse(response)).toMatchObject({
      result: {
        isError: true,
        content: [{ type: 'text', text: 'Administrators act in business hours only. Try again on Monday at 09:00.' }],
        _meta: {
          'io.modelcontextprotocol/authorization': {
            reason: 'insufficient_authorization',
            remediation: 'available',
            policies: ['administrators-only-in-business-hours'],
            remediationHints: [{ type: 'retry_after', retryAfter: '2026-01-05T09:00:00+01:00' }],
          },
        },
      },
    })
    await own.close()
  })
})
