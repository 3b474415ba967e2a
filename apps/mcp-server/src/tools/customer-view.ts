import { z } from 'zod'

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
  strategic: z.boolean().describe('Deleting a strategic customer takes two people'),
  customerSince: z.string().describe('ISO date'),
  creditLimit: z.int().optional().describe('US dollars'),
  paymentTermsDays: z.int().optional().describe('Days until an invoice is due'),
  annualRevenue: z.int().optional().describe('US dollars'),
  notes: z.string(),
  updatedAt: z.string(),
  updatedBy: z.string().describe('Who changed the customer last; empty when nobody did'),
})

/** A contact of a customer as tools show it; who may not see people sees only that there is one. */
export const contactView = z.object({
  title: z.string(),
  contactName: z.string().optional(),
  contactEmail: z.string().optional(),
  contactPhone: z.string().optional(),
})
