import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openCorporateDirectory, openPersonSession } from '@mcp-identity/local-stack/demo'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { runCommand } from '../run-command.ts'

const stack = inject('stack')
const directory = dirname(stack.dataDir)

const onStack = (command: string, ...args: string[]) => runCommand(command, ...args, '--directory', directory)
const review = async (...args: string[]) => JSON.parse((await onStack('access-review', ...args, '--json')).output)

/** What IT does in the corporate IdP. */
async function setActive(username: string, active: boolean): Promise<void> {
  const response = await fetch(`${stack.urls.corporateIdp}/admin/people/${username}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${stack.clients.directoryAdmin.secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ active }),
  })
  expect(response.status).toBe(200)
}

async function callAs(username: string, tool: string): Promise<void> {
  const person = stack.accounts.find((account) => account.username === username)
  if (person === undefined) throw new Error(`no account ${username}`)
  const session = openPersonSession({ resource: stack.urls.mcp, clientId: stack.clients.cli.clientId, person })
  expect((await session.callTool(tool)).isError).toBe(false)
  await session.close()
}

/** Others in these stories are anna too: they get her back when everybody was told. */
afterAll(() => openCorporateDirectory(stack.urls.corporateIdp, stack.clients.directoryAdmin.secret).enable('anna'))

describe('pnpm access:review, on the real Keycloak', { timeout: 180_000 }, () => {
  it('says who has what, why, and when it was used', async () => {
    await callAs('anna', 'list_customers')
    const { accounts } = await review('--person', 'anna')
    expect(accounts).toHaveLength(1)
    const grants = accounts[0].grants as { tool: string }[]
    expect(grants.find(({ tool }) => tool === 'list_customers')).toMatchObject({
      why: [{ by: 'group', group: '/Customer Readers', role: 'read:customers', scope: 'read:customers' }],
      policies: ['customer-readers-read'],
      neverUsed: false,
    })
    expect(grants.map(({ tool }) => tool)).not.toContain('delete_customer')
  })

  it('keeps a campaign, and writes evidence that verifies until it is changed', async () => {
    const { id } = await review('start', '--person', 'anna')
    expect((await onStack('access-review', 'sign-off', id)).errors).toContain('are not marked yet')
    await review('approve', id, 'open', '--reason', 'she sells')
    expect((await onStack('access-review', 'sign-off', id)).code).toBe(0)
    const folder = await mkdtemp(join(tmpdir(), 'evidence-'))
    expect((await onStack('access-review', 'evidence', id, '--to', folder)).code).toBe(0)
    expect(await runCommand('access-review', 'verify', folder)).toMatchObject({
      code: 0,
      output: expect.stringContaining('Intact'),
    })
    await rm(join(folder, 'access-review.csv'))
    expect(await runCommand('access-review', 'verify', folder)).toMatchObject({
      code: 1,
      output: expect.stringContaining('missing'),
    })
    await rm(folder, { recursive: true })
  })

  it('says what to do when no stack runs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'no-stack-'))
    for (const command of ['access-review', 'policy-drift']) {
      expect(await runCommand(command, '--directory', folder)).toMatchObject({
        code: 2,
        errors: expect.stringContaining('Start it with pnpm dev --detach.'),
      })
    }
    await rm(folder, { recursive: true })
  })
})

describe('pnpm policy:drift', { timeout: 180_000 }, () => {
  it('finds nothing in the demonstration', async () => {
    const { code, output } = await onStack('policy-drift', '--json')
    expect(JSON.parse(output)).toMatchObject({
      groups: [],
      directRoles: [],
      scopes: [],
      reachedByEverybody: ['whoami'],
    })
    expect(code).toBe(0)
  })
})

describe('pnpm access:leaver', { timeout: 180_000 }, () => {
  it('says what still works before, and proves that nothing does after', async () => {
    const before = await onStack('access-leaver', 'anna', '--json')
    expect(before.code).toBe(1)
    await setActive('anna', false)
    const settled = () => onStack('access-leaver', 'anna', '--json')
    await expect.poll(async () => (await settled()).code, { timeout: 30_000 }).toBe(0)
    const { checks, activity } = JSON.parse((await settled()).output)
    expect(checks.map(({ isRight }: { isRight: boolean }) => isRight)).not.toContain(false)
    expect(activity.tools).toContainEqual(expect.objectContaining({ tool: 'list_customers' }))
  })
})
