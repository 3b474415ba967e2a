import { protectTool } from '@mcp-identity/mcp-authorization'
import { z } from 'zod'
import type { CustomerDatabase } from '../customers/customer-database.ts'
import { reports } from '../customers/customer-database.ts'
import { scopesOf } from '../scopes.ts'
import type { CompanyTool, Grants } from './company-tool.ts'
import { pick } from './company-tool.ts'
import { success } from './results.ts'

export interface ReportToolsParts {
  database: CustomerDatabase
  grants: Grants
}

/** Reports over all customers, and the financial records. */
export function financeAndReportTools(parts: ReportToolsParts): CompanyTool[] {
  return [runReport(parts), listInvoices(parts)]
}

function runReport({ database }: ReportToolsParts): CompanyTool {
  const names = Object.keys(reports)
  const described = Object.entries(reports).map(
    ([name, { title, classification }]) => `${name} (${title}, ${classification})`,
  )
  const tool = protectTool({
    name: 'run_report',
    title: 'Run a report',
    description: `Runs one report over the whole company: ${described.join('; ')}. Financial reports need the right to financial records.`,
    scopes: scopesOf('run_report'),
    annotations: { readOnlyHint: true, openWorldHint: false },
    inputSchema: z.strictObject({ report: z.enum(names) }),
    outputSchema: z.object({
      report: z.string(),
      title: z.string(),
      rows: z.array(z.record(z.string(), z.union([z.string(), z.number()]))),
    }),
    handler: ({ report }) => {
      const rows = database.report(report)
      const title = reports[report]?.title ?? report
      const lines = rows.map((row) =>
        Object.entries(row)
          .map(([column, value]) => `${column}: ${value}`)
          .join(', '),
      )
      return success([title, ...lines].join('\n'), { report, title, rows })
    },
  })
  return {
    tool,
    recordOf: (args) => {
      const { report } = args as { report: string }
      return { type: 'Report', id: report, name: report, classification: reports[report]?.classification ?? 'ordinary' }
    },
    readableArguments: pick('report'),
  }
}

function listInvoices({ database, grants }: ReportToolsParts): CompanyTool {
  const tool = protectTool({
    name: 'list_invoices',
    title: 'List invoices',
    description: 'Lists invoices, which are financial records, in the order of their ids, with filters and paging.',
    scopes: scopesOf('list_invoices'),
    annotations: { readOnlyHint: true, openWorldHint: false },
    inputSchema: z.strictObject({
      customerId: z
        .string()
        .regex(/^cust_\d{3,6}$/, 'must look like cust_001')
        .optional(),
      status: z.enum(['paid', 'open', 'overdue']).optional(),
      after: z
        .string()
        .regex(/^inv_\d{3,6}_\d+$/)
        .optional()
        .describe('The page begins after this id'),
      limit: z.int().min(1).max(100).default(20),
    }),
    outputSchema: z.object({
      invoices: z.array(
        z.object({
          id: z.string(),
          customerId: z.string(),
          team: z.string(),
          description: z.string(),
          issuedOn: z.string(),
          dueOn: z.string(),
          amount: z.int().describe('US dollars'),
          status: z.enum(['paid', 'open', 'overdue']),
        }),
      ),
      nextAfter: z.string().optional(),
    }),
    handler: (query, call) => {
      const found = database.invoices({ ...query, limit: query.limit + 1 }, grants.of(call).rows('Invoice'))
      const invoices = found.slice(0, query.limit)
      const last = found.length > invoices.length ? invoices.at(-1)?.id : undefined
      const lines = invoices.map(
        ({ id, customerId, amount, status, dueOn }) => `${id}  ${customerId}  $${amount}  ${status}, due ${dueOn}`,
      )
      const text = lines.length === 0 ? 'No invoices fit.' : lines.join('\n')
      return success(text, { invoices, ...(last === undefined ? {} : { nextAfter: last }) })
    },
  })
  return { tool, readableArguments: pick('customerId', 'status', 'after', 'limit') }
}
