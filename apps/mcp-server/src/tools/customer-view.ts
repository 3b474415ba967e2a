import { z } from 'zod'
import type { Customer } from '../customers/customer-database.ts'

/** Fields that belong to finance: shown to callers who may see financial records. */
export const financialFields = ['creditLimit', 'paymentTermsDays', 'annualRevenue'] as const

export const customerStatus = z.enum(['active', 'prospect', 'inactive', 'deleted'])

/** A customer as tools show it. */
export const customerView = z.object({
  id: z.string().describe('Customer id, such as cust_001'),
  name: z.string(),
  industry: z.string(),
  team: z.string().describe('The sales team that looks after the customer'),
  region: z.string(),
  city: z.string(),
  website: z.string(),
  phone: z.string(),
  employees: z.int(),
  status: customerStatus,
  customerSince: z.string().describe('ISO date'),
  creditLimit: z.int().optional().describe('US dollars'),
  paymentTermsDays: z.int().optional().describe('Days until an invoice is due'),
  annualRevenue: z.int().optional().describe('US dollars'),
  notes: z.string(),
  updatedAt: z.string(),
  updatedBy: z.string().describe('Who changed the customer last; empty when nobody did'),
})

export type CustomerView = z.infer<typeof customerView>

/** Leaves out the financial fields for callers who may not see them. */
export function viewOf(customer: Customer, seesFinancialFields: boolean): CustomerView {
  if (seesFinancialFields) return customer
  const hidden = new Set<string>(financialFields)
  return Object.fromEntries(Object.entries(customer).filter(([name]) => !hidden.has(name))) as CustomerView
}
