import { protectTool, type ToolResult } from '@mcp-identity/mcp-authorization'
import type { PolicyResource } from '@mcp-identity/policy'
import { z } from 'zod'
import type { CustomerDatabase } from '../customers/customer-database.ts'
import { teams } from '../customers/names.ts'
import { scopesOf } from '../scopes.ts'
import type { CompanyTool, Grants } from './company-tool.ts'
import { pick } from './company-tool.ts'
import { contactView, customerStatus, customerView } from './customer-view.ts'
import { failure, success } from './results.ts'

export interface CustomerToolsParts {
  database: CustomerDatabase
  grants: Grants
}

const customerId = z
  .string()
  .regex(/^cust_\d{3,6}$/, 'must look like cust_001')
  .describe('Customer id, such as cust_001')
const teamName = z.enum(teams.map(({ name }) => name)).describe('Sales team')
const withheldFields = z
  .array(z.string())
  .describe('Fields that are left out because the caller may not see them: financial, personal')

/** Tools on customers: list, read, change, delete. */
export function customerTools(parts: CustomerToolsParts): CompanyTool[] {
  return [listCustomers(parts), getCustomer(parts), updateCustomer(parts), deleteCustomer(parts)]
}

function listCustomers({ database, grants }: CustomerToolsParts): CompanyTool {
  const tool = protectTool({
    name: 'list_customers',
    title: 'List customers',
    description:
      'Lists customers of the company in the order of their ids, with filters and paging. Shows only customers that the caller may see; deleted ones only when status is "deleted".',
    scopes: scopesOf('list_customers'),
    annotations: { readOnlyHint: true, openWorldHint: false },
    inputSchema: z.strictObject({
      team: teamName.optional(),
      region: z.enum(teams.map(({ region }) => region)).optional(),
      industry: z.string().max(60).optional(),
      status: customerStatus.optional(),
      name: z.string().min(1).max(80).optional().describe('Part of the name, in any case'),
      after: customerId.optional().describe('The page begins after this id; use nextAfter of the page before'),
      limit: z.int().min(1).max(100).default(20),
    }),
    outputSchema: z.object({
      customers: z.array(customerView),
      withheldFields,
      nextAfter: z.string().optional().describe('Give this as "after" for the next page; absent on the last one'),
    }),
    handler: (query, call) => {
      const grant = grants.of(call)
      const found = database.customers({ ...query, limit: query.limit + 1 }, grant.rows('Customer'))
      const shown = found.slice(0, query.limit)
      const masked = shown.map((customer) => grant.mask('Customer', customer))
      const last = found.length > shown.length ? shown.at(-1)?.id : undefined
      const lines = shown.map(({ id, name, team, city, status }) => `${id}  ${name}  ${team}, ${city}  ${status}`)
      const text = lines.length === 0 ? 'No customers fit.' : lines.join('\n')
      return success(text, {
        customers: masked.map(({ row }) => row),
        withheldFields: namesOf(masked),
        ...(last === undefined ? {} : { nextAfter: last }),
      })
    },
  })
  return { tool, readableArguments: pick('team', 'region', 'industry', 'status', 'after', 'limit') }
}

function getCustomer({ database, grants }: CustomerToolsParts): CompanyTool {
  const tool = protectTool({
    name: 'get_customer',
    title: 'Get a customer',
    description: 'Shows one customer with its contacts.',
    scopes: scopesOf('get_customer'),
    annotations: { readOnlyHint: true, openWorldHint: false },
    inputSchema: z.strictObject({ id: customerId }),
    outputSchema: z.object({ customer: customerView, contacts: z.array(contactView), withheldFields }),
    handler: ({ id }, call) => {
      const customer = database.customer(id)
      if (customer === undefined) return noSuchCustomer(id)
      const grant = grants.of(call)
      const masked = grant.mask('Customer', customer)
      const contacts = database
        .contactsOf(id)
        .map(({ title, name, email, phone }) => ({
          title,
          contactName: name,
          contactEmail: email,
          contactPhone: phone,
        }))
        .map((contact) => grant.mask('Customer', contact))
      const people = contacts.map(({ row }) =>
        [row.contactName, row.title, row.contactEmail].filter(Boolean).join(', '),
      )
      const summary = `${customer.name} (${id}), ${customer.team}, ${customer.city}, ${customer.status}`
      return success([summary, ...people].join('\n'), {
        customer: masked.row,
        contacts: contacts.map(({ row }) => row),
        withheldFields: namesOf([masked, ...contacts]),
      })
    },
  })
  return { tool, recordOf: recordIn(database), readableArguments: pick('id') }
}

function updateCustomer({ database, grants }: CustomerToolsParts): CompanyTool {
  const tool = protectTool({
    name: 'update_customer',
    title: 'Change a customer',
    description:
      'Changes fields of one customer. Account managers change customers of their own team. Setting a status brings a deleted customer back.',
    scopes: scopesOf('update_customer'),
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    inputSchema: z.strictObject({
      id: customerId,
      changes: z
        .strictObject({
          phone: z.string().min(3).max(40).optional(),
          website: z
            .url({ protocol: /^https$/ })
            .max(200)
            .optional(),
          employees: z.int().min(1).max(5_000_000).optional(),
          status: z.enum(['active', 'prospect', 'inactive']).optional(),
          notes: z.string().max(2_000).optional(),
        })
        .refine((changes) => Object.keys(changes).length > 0, 'must change at least one field'),
    }),
    outputSchema: z.object({ customer: customerView, changedFields: z.array(z.string()), withheldFields }),
    handler: ({ id, changes }, call) => {
      const grant = grants.of(call)
      const isChanged = database.change(id, changes, nameOf(grant.caller), new Date().toISOString())
      const customer = database.customer(id)
      if (!isChanged || customer === undefined) return noSuchCustomer(id)
      const changedFields = Object.keys(changes)
      const masked = grant.mask('Customer', customer)
      const text = `Changed ${changedFields.join(', ')} of ${customer.name} (${id}).`
      return success(text, { customer: masked.row, changedFields, withheldFields: namesOf([masked]) })
    },
  })
  return {
    tool,
    recordOf: recordIn(database),
    readableArguments: (args) => {
      const { id, changes } = args as { id: string; changes: object }
      return { id, changedFields: Object.keys(changes) }
    },
  }
}

function deleteCustomer({ database, grants }: CustomerToolsParts): CompanyTool {
  const tool = protectTool({
    name: 'delete_customer',
    title: 'Delete a customer',
    description:
      'Deletes one customer: it is no longer listed. The record is kept, so update_customer with a status brings it back.',
    scopes: scopesOf('delete_customer'),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    inputSchema: z.strictObject({ id: customerId }),
    outputSchema: z.object({ id: z.string(), name: z.string(), deleted: z.boolean() }),
    handler: ({ id }, call) => {
      const { caller } = grants.of(call)
      const customer = database.customer(id)
      if (customer === undefined) return noSuchCustomer(id)
      if (!database.remove(id, nameOf(caller), new Date().toISOString())) {
        return success(`${customer.name} (${id}) was deleted before.`, { id, name: customer.name, deleted: false })
      }
      return success(`Deleted ${customer.name} (${id}).`, { id, name: customer.name, deleted: true })
    },
  })
  return { tool, recordOf: recordIn(database), isDestructive: true, readableArguments: pick('id') }
}

function recordIn(database: CustomerDatabase): (args: unknown) => PolicyResource | undefined {
  return (args) => {
    const customer = database.customer((args as { id: string }).id)
    return customer && { type: 'Customer', id: customer.id, team: customer.team, strategic: customer.strategic }
  }
}

function namesOf(masked: readonly { masked: string[] }[]): string[] {
  return [...new Set(masked.flatMap((each) => each.masked))]
}

function noSuchCustomer(id: string): ToolResult {
  return failure(`There is no customer ${id}.`)
}

function nameOf({
  email,
  clientId,
  kind,
  subject,
}: {
  email?: string | null | undefined
  clientId: string
  kind: string
  subject: string
}): string {
  return email ?? (kind === 'service' ? clientId : subject)
}
