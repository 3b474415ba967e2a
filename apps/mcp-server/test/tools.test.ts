import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import { startTestServer, type TestServer, toolCall } from './fixtures/test-server.ts'

let app: TestServer

beforeAll(async () => {
  app = await startTestServer()
  await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
})
afterAll(() => app.stop())
beforeEach(() => app.setClock(tuesdayMorning))

const tuesdayMorning = '2026-11-24T10:00:00+01:00'
const tuesdayNight = '2026-11-24T22:00:00+01:00'
const sundayMorning = '2026-11-29T10:00:00+01:00'
const notes = { notes: 'Called on Monday.' }

describe('alice, customer admin of Engineering', () => {
  it('is told who she is', async () => {
    const { text, structured } = await app.call(app.tokenOf('alice'), 'whoami')
    expect(text).toContain('Alice Adams <alice@company.com>, Engineering')
    expect(structured).toMatchObject({
      kind: 'person',
      email: 'alice@company.com',
      groups: ['Customer Admins', 'All Staff'],
    })
  })

  it('deletes cust_789, and a change of its status brings it back', async () => {
    const token = app.tokenOf('alice')
    expect((await app.call(token, 'delete_customer', { id: 'cust_789' })).structured).toMatchObject({ deleted: true })
    const listed = await app.call(token, 'list_customers', { after: 'cust_788', limit: 1 })
    expect(listed.structured).toMatchObject({ customers: [{ id: 'cust_790' }] })
    expect((await app.call(token, 'delete_customer', { id: 'cust_789' })).structured).toMatchObject({ deleted: false })
    const restored = await app.call(token, 'update_customer', { id: 'cust_789', changes: { status: 'active' } })
    expect(restored.structured).toMatchObject({
      customer: { id: 'cust_789', team: 'Sales East', updatedBy: 'alice@company.com' },
    })
  })

  it('is on record by name and department', async () => {
    await app.call(app.tokenOf('alice'), 'delete_customer', { id: 'cust_100' })
    const lines = await app.auditLines()
    expect(lines).toContain('alice@company.com (Engineering) called delete_customer')
    expect(lines).toContain('delete_customer called by alice@company.com (Engineering) succeeded')
  })

  it('sees financial fields', async () => {
    const { structured } = await app.call(app.tokenOf('alice'), 'get_customer', { id: 'cust_001' })
    expect(structured).toMatchObject({ withheldFields: [], customer: { creditLimit: expect.any(Number) } })
  })

  it('does not delete a strategic customer alone', async () => {
    const token = app.tokenOf('alice')
    const id = await firstStrategic(token)
    const { isError, text } = await app.call(token, 'delete_customer', { id })
    expect({ isError, text }).toEqual({ isError: true, text: expect.stringContaining('deleted by two people') })
    expect((await app.call(token, 'get_customer', { id })).structured).toMatchObject({ customer: { strategic: true } })
  })

  async function firstStrategic(token: string): Promise<string> {
    for (let after = 'cust_000'; ; ) {
      const { structured } = await app.call(token, 'list_customers', { limit: 100, after })
      const page = structured as { customers: { id: string; strategic: boolean }[]; nextAfter: string }
      const found = page.customers.find(({ strategic }) => strategic)
      if (found !== undefined) return found.id
      after = page.nextAfter
    }
  }
})

describe('anna, who may read customers but not change them', () => {
  it('reads a customer', async () => {
    const { structured } = await app.call(app.tokenOf('anna'), 'get_customer', { id: 'cust_001' })
    expect(structured).toMatchObject({ customer: { id: 'cust_001', team: 'Sales East' } })
  })

  it('sees no financial fields', async () => {
    const { structured } = await app.call(app.tokenOf('anna'), 'get_customer', { id: 'cust_001' })
    expect(structured.withheldFields).toEqual(['creditLimit', 'paymentTermsDays', 'annualRevenue'])
    expect(structured.customer).not.toHaveProperty('creditLimit')
  })

  it('sees only tools that are hers', async () => {
    expect(await app.listTools(app.tokenOf('anna'))).toEqual(['whoami', 'list_customers', 'get_customer'])
  })

  it('gets for a tool that is not hers the answer for one that does not exist', async () => {
    const message = async (tool: string): Promise<string> => {
      const response = await app.post(app.tokenOf('anna'), toolCall(tool, { id: 'cust_001', changes: notes }))
      return (await response.text()).replaceAll(tool, 'TOOL')
    }
    expect(await message('update_customer')).toBe(await message('no_such_tool'))
  })

  it('is on record when she is refused', async () => {
    await app.post(app.tokenOf('anna'), toolCall('update_customer', { id: 'cust_001', changes: notes }))
    const line = (await app.auditLines()).findLast((text) => text.includes('update_customer'))
    expect(line).toMatch(
      /^anna@company.com \(Sales\) was refused update_customer: .*Customer Readers does not grant update_customer/,
    )
  })
})

describe('bob, account manager of Sales West', () => {
  it('sees the customers of his own team only', async () => {
    const { structured } = await app.call(app.tokenOf('bob'), 'list_customers', { limit: 100 })
    const teams = new Set((structured.customers as { team: string }[]).map(({ team }) => team))
    expect([...teams]).toEqual(['Sales West'])
  })

  it('changes a customer of his own team', async () => {
    const { structured } = await app.call(app.tokenOf('bob'), 'update_customer', { id: 'cust_002', changes: notes })
    expect(structured).toMatchObject({
      customer: { notes: 'Called on Monday.', updatedBy: 'bob@company.com' },
      changedFields: ['notes'],
    })
  })

  it('is refused a customer of another team, with the policy named', async () => {
    const { isError, text, meta } = await app.call(app.tokenOf('bob'), 'update_customer', {
      id: 'cust_789',
      changes: notes,
    })
    expect({ isError, text }).toEqual({
      isError: true,
      text: 'Account Managers may change customers of their own team only.',
    })
    expect(meta['io.modelcontextprotocol/authorization']).toMatchObject({
      policies: ['account-managers-change-their-own-team'],
    })
  })

  it('cannot widen the filter by asking for another team', async () => {
    const { structured } = await app.call(app.tokenOf('bob'), 'list_customers', { team: 'Sales East' })
    expect(structured.customers).toEqual([])
  })
})

describe('carol, administrator in business hours', () => {
  it('exports the audit log at 10:00 in Berlin', async () => {
    const { isError, text } = await app.call(app.tokenOf('carol'), 'export_audit', { limit: 3 })
    expect(isError).toBe(false)
    expect(text.split('\n')).toHaveLength(3)
  })

  it('sees financial fields and invoices', async () => {
    const { structured } = await app.call(app.tokenOf('carol'), 'get_customer', { id: 'cust_001' })
    expect(structured).toMatchObject({ withheldFields: [], customer: { creditLimit: expect.any(Number) } })
    expect((await app.call(app.tokenOf('carol'), 'list_invoices', { limit: 1 })).isError).toBe(false)
  })

  it.each([
    ['at 22:00', tuesdayNight, '2026-11-25T'],
    ['on a Sunday', sundayMorning, '2026-11-30T'],
  ])('is refused %s and told when to come back', async (_title, instant, day) => {
    app.setClock(instant)
    const { isError, text, meta } = await app.call(app.tokenOf('carol'), 'export_audit', { limit: 3 })
    expect(isError).toBe(true)
    expect(text).toContain('business hours')
    const [hint] = (meta['io.modelcontextprotocol/authorization'] as { remediationHints: { retryAfter: string }[] })
      .remediationHints
    expect(hint?.retryAfter).toContain(day)
  })

  it('still sees her tools at night', async () => {
    app.setClock(tuesdayNight)
    expect(await app.listTools(app.tokenOf('carol'))).toContain('export_audit')
  })

  it('is refused when the development clock holds no instant', async () => {
    app.setClock('tomorrow, perhaps')
    expect((await app.call(app.tokenOf('carol'), 'get_customer', { id: 'cust_001' })).isError).toBe(true)
  })
})

describe('dave, operations without financial records', () => {
  it('lists customers and runs ordinary reports', async () => {
    expect((await app.call(app.tokenOf('dave'), 'list_customers', { limit: 3 })).structured.customers).toHaveLength(3)
    const { structured } = await app.call(app.tokenOf('dave'), 'run_report', { report: 'customers-by-team' })
    expect(structured.rows).toHaveLength(3)
  })

  it('is refused financial reports', async () => {
    const { isError, text } = await app.call(app.tokenOf('dave'), 'run_report', { report: 'receivables-by-team' })
    expect({ isError, text }).toEqual({ isError: true, text: 'Operations sees everything except financial records.' })
  })

  it('has never heard of invoices', async () => {
    expect(await app.listTools(app.tokenOf('dave'))).not.toContain('list_invoices')
  })

  it('is refused invoices even with the scope for them', async () => {
    const token = app.tokenOf('dave', { roles: ['read:customers', 'admin:reports', 'read:finance'] })
    expect(await app.listTools(token)).not.toContain('list_invoices')
  })
})

describe('erin, before and after she is moved into Data Analysts', () => {
  it('sees only whoami before', async () => {
    expect(await app.listTools(app.tokenOf('erin'))).toEqual(['whoami'])
  })

  it('runs reports with her next token', async () => {
    const token = app.tokenOf('erin', { groups: ['Data Analysts'], roles: ['read:customers', 'admin:reports'] })
    expect((await app.call(token, 'run_report', { report: 'customers-by-team' })).isError).toBe(false)
  })
})

describe('the nightly report, a service', () => {
  it('runs reports, and is on record as a service', async () => {
    expect((await app.call(app.tokenOfService(), 'run_report', { report: 'customers-by-team' })).isError).toBe(false)
    expect(await app.auditLines()).toContain('service nightly-report called run_report')
  })

  it('sees no personal fields', async () => {
    const { structured, text } = await app.call(app.tokenOfService(), 'get_customer', { id: 'cust_001' })
    expect(structured.withheldFields).toEqual(
      expect.arrayContaining(['contactName', 'contactEmail', 'contactPhone', 'creditLimit']),
    )
    expect(text).not.toContain('@')
  })

  it('sees no financial records', async () => {
    const { isError } = await app.call(app.tokenOfService(), 'run_report', { report: 'receivables-by-team' })
    expect(isError).toBe(true)
  })
})

describe('scopes', () => {
  it('asks for the missing scope in one challenge when a role stands behind it', async () => {
    const token = app.tokenOf('alice', {
      scopes: ['read:customers'],
      roles: ['read:customers', 'write:own-data', 'write:customers'],
    })
    const response = await app.post(token, toolCall('delete_customer', { id: 'cust_100' }))
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toMatch(
      /error="insufficient_scope".*scope="read:customers write:customers"/,
    )
    const line = (await app.auditLines()).findLast((text) => text.includes('delete_customer'))
    expect(line).toBe('alice@company.com (Engineering) was refused delete_customer: insufficient_scope')
  })

  it('lets a broad scope stand for the narrow one', async () => {
    const token = app.tokenOf('alice', { scopes: ['write:customers'] })
    expect((await app.call(token, 'get_customer', { id: 'cust_001' })).isError).toBe(false)
  })
})

describe('what is asked wrongly', () => {
  it('says that there is no such customer', async () => {
    const { isError, text } = await app.call(app.tokenOf('alice'), 'get_customer', { id: 'cust_9999' })
    expect({ isError, text }).toEqual({ isError: true, text: 'There is no customer cust_9999.' })
  })

  it.each([
    ['an id of another form', 'get_customer', { id: "cust_001' OR '1'='1" }],
    ['no change', 'update_customer', { id: 'cust_001', changes: {} }],
    ['a field that nobody may change', 'update_customer', { id: 'cust_001', changes: { creditLimit: 9 } }],
    ['a report that does not exist', 'run_report', { report: '__proto__' }],
    ['a page without end', 'list_customers', { limit: 1_000_000 }],
  ])('refuses %s', async (_title, tool, args) => {
    app.setClock(tuesdayMorning)
    const { isError } = await app.call(app.tokenOf('carol'), tool, args)
    expect(isError).toBe(true)
  })
})

it('keeps tokens out of its log and its audit log', async () => {
  const token = app.tokenOf('alice')
  await app.call(token, 'whoami')
  await app.post(`${token.slice(0, -3)}abc`, toolCall('whoami'))
  const everything = `${app.logLines.join('')}${(await app.auditLines()).join('')}`
  expect(everything).not.toContain(token.split('.')[2])
  expect(everything).not.toContain('a-secret-of-the-resource-server')
})
