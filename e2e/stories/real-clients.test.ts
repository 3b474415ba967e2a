import { describe, expect, inject, it } from 'vitest'
import { createPersonProvider } from '../real-clients/person-provider.ts'
import { sdkClients, withSignIn } from '../real-clients/sdk-clients.ts'

const stack = inject('stack')
const everyScope = 'read:customers write:own-data write:customers admin:reports read:finance'
const toolsOfDave = ['export_audit', 'get_customer', 'list_customers', 'run_report', 'whoami']
const report = { report: 'customers-by-team' }

/** Dave may read customers and run reports. */
function providerForDave(options: { keepsRefreshToken?: boolean } = {}) {
  const dave = stack.accounts.find(({ username }) => username === 'dave')
  if (dave === undefined) throw new Error('the stack names no account dave')
  return createPersonProvider(stack.clients.cli.clientId, dave, options)
}

describe.each(sdkClients)('$name', (client) => {
  it('signs in when it is challenged, lists what its person may see, and calls', async () => {
    const provider = providerForDave()
    const open = () => client.open(stack.urls.mcp, provider)
    const listed = await withSignIn(open, (connection) => connection.listTools())
    expect(listed).toMatchObject({ signIns: 1, revision: client.revision })
    expect(listed.result.tools.map(({ name }) => name).sort()).toEqual(toolsOfDave)
    const called = await withSignIn(open, (connection) => connection.callTool('whoami', {}))
    expect(called).toMatchObject({ signIns: 0, result: { structuredContent: { email: 'dave@company.com' } } })
    expect(await withSignIn(open, (connection) => connection.callTool('run_report', report))).toMatchObject({
      signIns: 0,
      result: { structuredContent: expect.any(Object) },
    })
    expect(provider.asked).toEqual([everyScope])
  })

  it('is told that a tool that does not exist is unknown, like one that its person may never use', async () => {
    const provider = providerForDave()
    const call = (name: string) =>
      withSignIn(
        () => client.open(stack.urls.mcp, provider),
        (connection) => connection.callTool(name, {}),
      )
    await expect(call('no_such_tool')).rejects.toThrow(/no_such_tool/)
    await expect(call('delete_customer')).rejects.toThrow(/delete_customer/)
  })

  it('that asked for little steps up once, keeps what it had, and the call goes through', async () => {
    const provider = providerForDave({ keepsRefreshToken: client.stepsUpWithRefreshToken })
    await client.signIn(stack.urls.mcp, provider, 'read:customers')
    const call = (name: string, args: Record<string, unknown>) =>
      withSignIn(
        () => client.open(stack.urls.mcp, provider),
        (connection) => connection.callTool(name, args),
      )
    expect(await call('list_customers', {})).toMatchObject({ signIns: 0 })
    const stepped = await call('run_report', report)
    expect(stepped).toMatchObject({ signIns: 1, result: { structuredContent: expect.any(Object) } })
    expect(stepped.result).not.toMatchObject({ isError: true })
    expect(await call('list_customers', {})).toMatchObject({ signIns: 0 })
    expect(provider.asked).toEqual(['read:customers', 'read:customers admin:reports'])
  })
})
